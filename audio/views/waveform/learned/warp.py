"""A learned view that moves things in time."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from viewlearn.bounds import Channels, SampleRate
from viewlearn.views import Budget, CoarseNetwork, Decision, LearnedView, Params, resized
from viewlearn.views.checks import require
from viewlearn.views.description import cells
from viewlearn.views.learned.warp import bounded_field, places

SPANS = 8  # of time that a warp is described by
CONTROLS = 6  # control values over the clip; those outside are as the outermost


class LearnedWaveformWarp(LearnedView):
    """Reads each waveform at displaced times: a network decides where it is faster and slower, the budget how far::

        view(t) = x(t + u(t)),    u = α · spline(controls) + β,    mean|u| = budget per clip

    as ``viewlearn.views.LearnedWarp`` does with images: a cubic B-spline of 6 control values, and a shift β where more
    than a slope of 0.9 would be needed, so that time never runs backwards. What is played faster is higher, too. x is
    read by cubic interpolation; outside of the clip, its first and last value. Parameters: ``noise`` (batch, 8, 4, 4).

    It is the learned counterpart of time shift and time stretch.

    Args:
        budget: Mean displacement in milliseconds; or ``auto``.
        width: Base number of channels of the network, see ``viewlearn.views.CoarseNetwork``.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A budget that isn't above 0, or no sample rate.
    """

    stage = "natural"

    def __init__(self, budget: Budget = 20.0, width: Channels = 16, sample_rate: SampleRate | None = None):
        super().__init__(budget, usual=20.0)
        self.sample_rate = require(self, "sample_rate", sample_rate)
        self.network = CoarseNetwork(1, maps=1, width=width, waveforms=True)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``displacement`` (batch, 1, time), in samples to the later."""
        maps = self.network(x, params["noise"])[0].mean(2, keepdim=True)
        controls = resized(maps, (1, CONTROLS), "average").tanh()
        controls = torch.cat([controls[..., :1], controls, controls[..., -1:]], dim=3)
        controls = controls.expand(-1, -1, 4, -1)  # rows of the spline, which has one kind
        right = resized(controls, (1, x.shape[-1]), "cubic")
        # Two equal rows make an image of which neighbors can be compared.
        field = torch.cat([torch.zeros_like(right), right], dim=1).expand(-1, -1, 2, -1)
        field = bounded_field(field, self._budget * (self.sample_rate / 1000), along=1)
        return {"displacement": field[:, 1, :1]}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        y = x.to(torch.promote_types(x.dtype, torch.float32))
        moved = resolved["displacement"].to(y.dtype) * (2 / x.shape[-1])
        times = places(x.shape[-1], y) + moved
        grid = torch.stack([times, torch.zeros_like(times)], dim=-1)
        with torch.autocast(x.device.type, enabled=False):
            read = F.grid_sample(y[:, :, None], grid, mode="bicubic", padding_mode="border", align_corners=False)
        return read.squeeze(2).to(x.dtype)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the mean displacement in 8 spans of time, in budgets: ``(batch, 8)``."""
        budget = self._budget * (self.sample_rate / 1000)
        return cells(resolved["displacement"].detach().float(), SPANS) / budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the mean ``displacement_ms``, and the least ``speed``: how fast time runs where it is slowest."""
        displacement = decision.resolved["displacement"].detach()
        mean = displacement.abs().mean() * (1000 / self.sample_rate)
        return {"displacement_ms": mean, "speed": 1 + displacement.diff(dim=2).amin()}
