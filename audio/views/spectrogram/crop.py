"""Random resized crops of spectrograms."""

from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Ascending, Bounds
from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns, saturating

Scale = Annotated[float, Bounds(1e-3, 1000)]
ScaleRange = Annotated[tuple[Scale, Scale], Ascending()]


class SpectrogramCrop(View):
    """Cuts a random box in time and frequency and resizes it (Niizumi et al., BYOL-A, 2021, section III-C).

    The spectrogram lies in the middle of a wider canvas of zeros (the data set's mean), ``canvas`` times as long in
    time. A crop of it, of height U[frequency]·mels and width U[time]·frames, is resized to the input's shape, so
    that pitch and tempo change, both per sample. Parameters, each (batch,): ``top``, ``height`` in bands, ``left``,
    ``width`` in frames, where left counts from the canvas's first frame. The resizing is that of
    ``torch.nn.functional.interpolate`` with aligned corners.

    Args:
        frequency: Smallest and largest height of the crop as a fraction of the bands; at most all are taken.
        time: Smallest and largest width of the crop as a fraction of the frames; at most the canvas is taken.
        canvas: Length of the canvas as a multiple of the frames, at least 1.
        mode: Kind of interpolation; BYOL-A uses "bicubic".

    Raises:
        ValueError: A fraction below 0.001, or a canvas below 1.
    """

    def __init__(
        self,
        frequency: ScaleRange = (0.6, 1.5),
        time: ScaleRange = (0.6, 1.5),
        canvas: Annotated[float, Bounds(1, 100)] = 1.5,
        mode: Literal["bilinear", "bicubic"] = "bilinear",
    ):
        super().__init__()
        self.frequency = frequency
        self.time = time
        self.canvas, self.mode = canvas, mode

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        mels, frames = x.shape[-2:]
        wide = int(frames * self.canvas)
        height = (draw.uniform(x, *self.frequency, generator) * mels).long().clamp(1, mels)
        width = (draw.uniform(x, *self.time, generator) * frames).long().clamp(1, wide)
        return {
            "top": (draw.uniform(x, 0.0, 1.0, generator) * (mels - height + 1)).long(),
            "height": height,
            "left": (draw.uniform(x, 0.0, 1.0, generator) * (wide - width + 1)).long(),
            "width": width,
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        mels, frames = x.shape[-2:]
        margin = (int(frames * self.canvas) - frames) // 2
        row = _positions(params["top"], params["height"], mels)
        column = _positions(params["left"] - margin, params["width"], frames)
        grid = torch.stack(
            [
                (2 * column / max(frames - 1, 1) - 1)[:, None, :].expand(-1, mels, -1),
                (2 * row / max(mels - 1, 1) - 1)[:, :, None].expand(-1, -1, frames),
            ],
            dim=-1,
        )
        return torch.nn.functional.grid_sample(x, grid.to(x.dtype), self.mode, "zeros", align_corners=True)

    def describe(self, resolved: Params) -> Tensor:
        """Describes top, height, left and width, of n bands or frames as n / (n + 64), whose numbers aren't known."""
        return columns(*(saturating(resolved[name], 64) for name in ("top", "height", "left", "width")))


def _positions(start: Tensor, length: Tensor, size: int) -> Tensor:
    """``(batch, size)`` positions from the first to the last of ``length`` entries, evenly spaced."""
    return start[:, None] + torch.linspace(0, 1, size, device=start.device) * (length - 1)[:, None]
