"""Loudness and polarity of waveforms."""

from torch import Generator, Tensor

from viewlearn.bounds import DecibelRange, Fraction
from viewlearn.views import Chance, Params, View, draw
from viewlearn.views.description import columns, within_range


class Gain(View):
    """Scales each waveform by a level of its own: x·10^(g/20), g ~ U[low, high] dB.

    Parameter: ``db`` (batch,). Nothing is clipped to [-1, 1]: clipping would distort the sound and stop gradients.

    Args:
        db: Lowest and highest gain in dB.

    Raises:
        ValueError: A range whose low exceeds its high.
    """

    stage = "natural"

    def __init__(self, db: DecibelRange = (-12.0, 6.0)):
        super().__init__()
        self.db = db
        self.continuous = db[0] < db[1]

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"db": draw.uniform(x, *self.db, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * (10 ** (params["db"] / 20)).to(x.dtype)[:, None, None]

    def describe(self, resolved: Params) -> Tensor:
        """Describes the gain in lengths of its range, 0 at 0 dB."""
        return columns(within_range(resolved["db"], *self.db, start=0.0))


class PolarityInversion(View):
    """Flips the sign of a waveform with a probability.

    Parameter: ``inverted`` (batch,) booleans. A power spectrogram doesn't change; a waveform encoder's input does.

    Args:
        probability: Probability of a flip, in [0, 1].

    Raises:
        ValueError: A probability outside [0, 1].
    """

    stage = "natural"

    def __init__(self, probability: Fraction = 0.5):
        super().__init__()
        self.probability = probability

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"inverted": draw.bernoulli(x, self.probability, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * (1.0 - 2.0 * params["inverted"].float()).to(x.dtype)[:, None, None]

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        inverted, chance = draw.other_bernoulli(params["inverted"], self.probability)
        return {"inverted": inverted}, chance
