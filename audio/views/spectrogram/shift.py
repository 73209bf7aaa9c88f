"""Shifts of spectrograms in frequency."""

from torch import Generator, Tensor

from audio.views.spans import inside, roll
from viewlearn.bounds import Fraction
from viewlearn.views import Chance, Params, View, draw
from viewlearn.views.description import columns, saturating


class FrequencyShift(View):
    """Shifts a z-scored spectrogram up or down by whole mel bands; what is uncovered becomes 0, the mean.

    Parameter: ``shift`` (batch,) in bands, positive for up.

    Args:
        max_fraction: Largest shift as a fraction of the bands, in [0, 1]; shifts are uniform in ± it.

    Raises:
        ValueError: A fraction outside [0, 1].
    """

    def __init__(self, max_fraction: Fraction = 0.1):
        super().__init__()
        self.max_fraction = max_fraction

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        limit = int(self.max_fraction * x.shape[-2])
        return {"shift": draw.integers(x, -limit, limit + 1, generator)}

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        limit = int(self.max_fraction * x.shape[-2])
        shift, chance = draw.other_integers(params["shift"], -limit, limit + 1, generator)
        return {"shift": shift}, chance

    def transform(self, x: Tensor, params: Params) -> Tensor:
        bands = x.shape[-2]
        covered = inside(params["shift"], params["shift"].new_full((1,), bands), bands)
        return roll(x.transpose(-2, -1), params["shift"]).transpose(-2, -1) * covered[:, None, :, None]

    def describe(self, resolved: Params) -> Tensor:
        """Describes the shift, of n bands as ``n / (|n| + 16)``: how many there are isn't known here."""
        return columns(saturating(resolved["shift"], 16))
