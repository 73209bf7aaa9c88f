"""Shifts of waveforms in time."""

from torch import Generator, Tensor

from audio.views.spans import inside, roll
from viewlearn.bounds import Fraction
from viewlearn.views import Chance, Params, View, draw
from viewlearn.views.description import columns, saturating


class TimeShift(View):
    """Delays or advances each waveform by a number of samples of its own.

    Parameter: ``shift`` (batch,) in samples, positive for a delay.

    Args:
        max_fraction: Largest shift as a fraction of the clip, in [0, 1]; shifts are uniform in ± it.
        wrap: Whether what leaves at one end comes back at the other; otherwise silence follows.

    Raises:
        ValueError: A fraction outside [0, 1].
    """

    stage = "natural"

    def __init__(self, max_fraction: Fraction = 0.25, wrap: bool = True):
        super().__init__()
        self.max_fraction = max_fraction
        self.wrap = wrap

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        limit = int(self.max_fraction * x.shape[-1])
        return {"shift": draw.integers(x, -limit, limit + 1, generator)}

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        limit = int(self.max_fraction * x.shape[-1])
        shift, chance = draw.other_integers(params["shift"], -limit, limit + 1, generator)
        return {"shift": shift}, chance

    def transform(self, x: Tensor, params: Params) -> Tensor:
        shifted = roll(x, params["shift"])
        if self.wrap:
            return shifted
        return shifted * inside(params["shift"], params["shift"].new_full((1,), x.shape[-1]), x.shape[-1])[:, None]

    def describe(self, resolved: Params) -> Tensor:
        """Describes the shift, of n samples as ``n / (|n| + 8,000)``: the length of the clip isn't known here."""
        return columns(saturating(resolved["shift"], 8_000))
