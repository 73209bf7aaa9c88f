"""Loudness and polarity of waveforms."""

from torch import Generator, Tensor

from audio.views.common import Range, check_probability, check_range, per_sample
from viewlearn.views import Params, View, draw


class Gain(View):
    """Scales a waveform by a level drawn per sample: x·10^(g/20), g ~ U[low, high] dB.

    Parameter: ``db`` (batch,). Nothing is clipped to [-1, 1]: clipping would distort, and kill gradients.

    Args:
        db: lowest and highest gain in dB.

    Raises:
        ValueError: a range whose low exceeds its high.
    """

    stage = "natural"

    def __init__(self, db: Range = (-12.0, 6.0)):
        super().__init__()
        self.db = check_range("db", db)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"db": draw.uniform(x, *self.db, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * per_sample(10 ** (params["db"] / 20), x)


class PolarityInversion(View):
    """Flips the sign of a waveform with a probability of its own draw.

    Parameter: ``inverted`` (batch,) booleans. A power spectrogram doesn't change; a waveform encoder's input does.

    Args:
        probability: of a flip, in [0, 1].

    Raises:
        ValueError: a probability outside [0, 1].
    """

    stage = "natural"

    def __init__(self, probability: float = 0.5):
        super().__init__()
        self.probability = check_probability("probability", probability)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"inverted": draw.bernoulli(x, self.probability, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * per_sample(1.0 - 2.0 * params["inverted"].float(), x)
