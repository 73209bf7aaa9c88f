"""SpecAugment's masks: bands of frequency or spans of time in spectrograms."""

from typing import Literal

import torch
from torch import Generator, Tensor

from audio.views.spans import inside
from viewlearn.bounds import Fraction, SmallCount
from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns, saturating

Fill = Literal["mean", "silence"]


class _Mask(View):
    """Masks entries along one dimension of ``(batch, channel, mel, frame)``.

    Args:
        max_fraction: Largest width of a mask as a fraction of the bands or frames, in [0, 1].
        num_masks: Number of masks per sample, which may overlap.
        fill: What masked entries become: "mean" is 0, the data set's mean; "silence" the sample's own minimum, as
            power 0 before the logarithm would be (the published Viewmaker baselines).

    Raises:
        ValueError: A fraction outside [0, 1], no masks, or an unknown fill.
    """

    dim: int

    def __init__(self, max_fraction: Fraction = 0.3, num_masks: SmallCount = 1, fill: Fill = "mean"):
        super().__init__()
        self.max_fraction = max_fraction
        self.num_masks, self.fill = num_masks, fill

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        size = x.shape[self.dim]
        width = draw.integers(x, 0, int(self.max_fraction * size) + 1, generator, self.num_masks)
        start = (draw.uniform(x, 0.0, 1.0, generator, self.num_masks) * (size - width + 1)).long()
        return {"start": start, "width": width}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        masked = inside(params["start"], params["width"], x.shape[self.dim]).any(1)[:, None]
        masked = masked.unsqueeze(-1 if self.dim == -2 else -2)
        if self.fill == "mean":
            return x.masked_fill(masked, 0.0)
        return torch.where(masked, x.detach().amin(dim=(-3, -2, -1), keepdim=True), x)

    def describe(self, resolved: Params) -> Tensor:
        """Describes starts and widths, of n bands or frames as n / (n + 64): how many there are isn't known here."""
        return columns(saturating(resolved["start"], 64), saturating(resolved["width"], 64))


class FrequencyMask(_Mask):
    """Masks bands of mel frequencies in z-scored spectrograms (Park et al., SpecAugment, 2019, section 2).

    Parameters: ``start`` and ``width`` (batch, num_masks) in bands; the width is uniform in {0, …, max_fraction·mels},
    the start over the places where the mask fits. With the same ones, ``torchaudio.functional.mask_along_axis`` gives
    the same.
    """

    dim = -2


class TimeMask(_Mask):
    """Masks spans of frames in z-scored spectrograms (Park et al., SpecAugment, 2019, section 2).

    Parameters: ``start`` and ``width`` (batch, num_masks) in frames; otherwise as ``FrequencyMask``.
    """

    dim = -1
