"""A learned view that changes how a clip sounds: a gain curve over frequency."""

import torch
from torch import Generator, Tensor

from audio.views.waveform.fourier import fast_length
from viewlearn.bounds import Channels, SampleRate
from viewlearn.views import Budget, CoarseNetwork, Decision, LearnedView, Params, resized
from viewlearn.views.checks import require
from viewlearn.views.description import cells

BANDS = 8  # control values of the curve
NUM_POINTS = 64  # of the curve, at which its mean is taken
MEMORY = 0.05  # seconds of silence, into which a filter rings
SMALLEST = 1e-6  # mean gain in dB before scaling that is scaled to the budget; less stays less


class LearnedWaveformFilter(LearnedView):
    """Filters each waveform by a gain curve over frequency that a network decides::

        view = irfft(10^(g(f) / 20) · rfft(x)),    mean|g| over the mel scale = budget in dB, per clip

    The curve is linear on the mel scale, log(1 + f / 700 Hz), between 8 control values from 0 to half of the sample
    rate. The filter has no delay. Parameters: ``noise`` (batch, 8, 4, 4).

    It is the learned counterpart of low-, high- and band-pass filters, and of gains; what ``LearnedEqualizer`` does to
    spectrograms, before the front end.

    Args:
        budget: Mean of the absolute gain in dB; or ``auto``.
        width: Base number of channels of the network, see ``viewlearn.views.CoarseNetwork``.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A budget that isn't above 0, or no sample rate.
    """

    stage = "natural"

    def __init__(self, budget: Budget = 6.0, width: Channels = 16, sample_rate: SampleRate | None = None):
        super().__init__(budget, usual=6.0)
        self.sample_rate = require(self, "sample_rate", sample_rate)
        self.network = CoarseNetwork(1, numbers=BANDS, width=width, waveforms=True)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``gain_db`` (batch, 64), at equal distances on the mel scale."""
        _, numbers = self.network(x, params["noise"])
        numbers = torch.tanh(numbers.to(torch.promote_types(numbers.dtype, torch.float32)))
        gain = resized(numbers[:, None], (1, NUM_POINTS), "linear").squeeze(1)
        return {"gain_db": gain * (self._budget / (gain.abs().mean(1, keepdim=True) + SMALLEST))}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        y = x.to(torch.promote_types(x.dtype, torch.float32))
        length = fast_length(x.shape[-1] + round(MEMORY * self.sample_rate))
        hertz = torch.linspace(0, self.sample_rate / 2, length // 2 + 1, device=x.device, dtype=y.dtype)
        place = (hertz / 700).log1p() / (hertz[-1] / 700).log1p() * NUM_POINTS - 0.5
        low = place.floor().long().clamp(0, NUM_POINTS - 2)
        gain = resolved["gain_db"].to(y.dtype)
        # Beyond the outermost points, the curve is constant.
        gain = torch.lerp(gain[:, low], gain[:, low + 1], (place - low).clamp(0, 1))
        with torch.autocast(x.device.type, enabled=False):
            spectrum = torch.fft.rfft(y, n=length) * (10 ** (gain / 20))[:, None]
            return torch.fft.irfft(spectrum, n=length)[..., : x.shape[-1]].to(x.dtype)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the mean gain in 8 bands of the mel scale, in budgets: ``(batch, 8)``."""
        return cells(resolved["gain_db"].detach().float()[:, None], BANDS) / self._budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the mean absolute gain, ``gain_db``, and the change of ``level_db``."""
        gain = decision.resolved["gain_db"].detach()
        return {"gain_db": gain.abs().mean(), "level_db": gain.mean()}
