"""A learned view that changes how sounds sound: a gain curve over frequency."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Channels, Positive, Width
from viewlearn.views import Budget, CoarseNetwork, Decision, LearnedView, Params, resized
from viewlearn.views.description import cells

BANDS = 8  # control values of the curve
SMALLEST = 1e-6  # mean gain in dB before scaling that is scaled to the budget; less stays less


class LearnedEqualizer(LearnedView):
    """Adds a gain curve over frequency to each log-mel spectrogram, which a network decides::

        z' = z + g(mel) / unit_db,    mean|g| over the bands = budget in dB, per sample

    The curve is linear between 8 control values, so that it is smooth over frequency; a change of level is one. It is
    the learned counterpart of filters and gains, and ``viewlearn.views.LearnedFilter``'s for sounds. Parameters:
    ``noise`` (batch, 8, 4, 4).

    Args:
        budget: Mean of the absolute gain in dB; or ``auto``.
        unit_db: One unit of the spectrogram in dB: the standard deviation that it was z-scored with.
        width: Base number of channels of the network, see ``viewlearn.views.CoarseNetwork``.
        channels: Number of channels of the spectrogram; from the data.

    Raises:
        ValueError: A budget or unit that isn't above 0, or what the network refuses.
    """

    def __init__(
        self, budget: Budget = 6.0, unit_db: Positive = 12.0, width: Channels = 16, channels: Width | None = None
    ):
        super().__init__(budget, usual=6.0)
        self.unit_db = unit_db
        self.network = CoarseNetwork(channels, numbers=BANDS, width=width)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``gain_db`` (batch, mel)."""
        _, numbers = self.network(x, params["noise"])
        numbers = torch.tanh(numbers.to(torch.promote_types(numbers.dtype, torch.float32)))
        gain = resized(numbers[:, :, None], (x.shape[-2], 1), "linear").squeeze(2)
        return {"gain_db": gain * (self._budget / (gain.abs().mean(1, keepdim=True) + SMALLEST))}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return x + (resolved["gain_db"] / self.unit_db).to(x.dtype)[:, None, :, None]

    def describe(self, resolved: Params) -> Tensor:
        """Describes the mean gain in 8 bands of frequency, in budgets."""
        return cells(resolved["gain_db"].detach().float()[:, None], BANDS) / self._budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the mean absolute gain, ``gain_db``, and the change of ``level_db``."""
        gain = decision.resolved["gain_db"].detach()
        return {"gain_db": gain.abs().mean(), "level_db": gain.mean()}
