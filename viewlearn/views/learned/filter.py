"""A learned view that changes how things look: a mixture of the channels, and a filter over spatial frequencies."""

from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Channels, ValueRange, Width
from viewlearn.views.decision import Decision
from viewlearn.views.description import cells, columns
from viewlearn.views.learned.network import CoarseNetwork
from viewlearn.views.learned.resize import resized
from viewlearn.views.learned.view import Budget, LearnedView
from viewlearn.views.params import Params
from viewlearn.views.viewmaker.budget import distortion
from viewlearn.views.viewmaker.dct import dct2, idct2

Part = Literal["both", "color", "kernel"]
BANDS = 4  # of spatial frequency, in each direction
SMALLEST = 1e-6  # mean change, in units of x, that is scaled to the budget; less stays less


class LearnedFilter(LearnedView):
    """Changes colors and sharpness, each sample by a linear filter of its own that a network decides.

    ::

        view = clamp(x + δ),    δ = M x + c + idct(G · dct(x)),    mean|δ| = budget per sample

    M (channel, channel) mixes the channels of a pixel and c shifts them: brightness, contrast, saturation, hue and
    gray are such mixtures. G is a gain over spatial frequencies, which blurs or sharpens without moving anything:
    linear between 4 × 4 control values from 0 to half a period per pixel, with none for the mean, which M and c change.
    The network decides the direction of the change and the budget its length; scaling keeps the filter a filter.
    Parameters: ``noise`` (batch, 8, 4, 4).

    It is the learned counterpart of color jitter and blur.

    Args:
        budget: Mean of ``|δ|`` of each sample before the clamp, in units of x; or ``auto``.
        part: ``color`` (M and c), ``kernel`` (G; a flat sample stays as it is), or both.
        width: Base number of channels of the network, see ``CoarseNetwork``.
        clamp: Range that views are clamped to, or None for no clamp; "data" takes ``value_range``.
        channels: Number of channels of x; from the data.
        value_range: Range of the data, (0, 1) for images and None for z-scored inputs; from the data.

    Raises:
        ValueError: A budget that isn't above 0, an unknown part, an empty range, or what the network refuses.
    """

    def __init__(
        self,
        budget: Budget = 0.1,
        part: Part = "both",
        width: Channels = 16,
        clamp: ValueRange | Literal["data"] | None = "data",
        channels: Width | None = None,
        value_range: ValueRange | None = None,
    ):
        super().__init__(budget, usual=0.1)
        if clamp == "data":
            clamp = value_range
        if clamp is not None and not clamp[0] < clamp[1]:
            raise ValueError(f"clamp is {clamp}; it must be an interval (low, high), or None for no clamp")
        numbers = (channels or 0) * ((channels or 0) + 1) if part != "kernel" else 0
        self.network = CoarseNetwork(channels, numbers=numbers + (BANDS**2 if part != "color" else 0), width=width)
        self.part: Part = part
        self.clamp = clamp

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``mixing`` M (batch, channel, channel), ``shift`` c (batch, channel), ``gain`` G (batch, H, W)."""
        _, numbers = self.network(x, params["noise"])
        numbers = torch.tanh(numbers.to(torch.promote_types(numbers.dtype, torch.float32)))
        channels = x.shape[1]
        num_color = channels * (channels + 1)
        color = numbers[:, :num_color] if self.part != "kernel" else numbers.new_zeros(len(x), num_color)
        kernel = numbers[:, -(BANDS**2) :] if self.part != "color" else numbers.new_zeros(len(x), BANDS**2)
        mixing, shift = color.split([channels**2, channels], dim=1)
        resolved = {
            "mixing": mixing.unflatten(1, (channels, channels)),
            "shift": shift,
            "gain": self._gain(kernel, x),
        }
        length = self._change(x, resolved).abs().mean((1, 2, 3)) + SMALLEST
        scale = (self._budget / length)[:, None, None]
        return {name: value * (scale.squeeze(2) if name == "shift" else scale) for name, value in resolved.items()}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        view = x + self._change(x, resolved).to(x.dtype)
        return view if self.clamp is None else view.clamp(*self.clamp)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the filter in budgets: M by rows, c, and G averaged over 2 × 2 bands of spatial frequency.

        Of a ``color`` filter, the gains are 0, and of a ``kernel`` M and c.
        """
        mixing, shift, gain = (resolved[name].detach().float() for name in ("mixing", "shift", "gain"))
        return columns(mixing.flatten(1), shift, cells(gain[:, None])) / self._budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        return distortion(decision.x, decision.view)

    def _gain(self, kernel: Tensor, x: Tensor) -> Tensor:
        """Enlarges control values to ``(batch, height, width)`` gains, 0 for the mean."""
        gain = resized(kernel.unflatten(1, (BANDS, BANDS)), x.shape[-2:], "linear")
        varies = torch.ones_like(gain[:1])
        varies[:, 0, 0] = 0
        return gain * varies

    def _change(self, x: Tensor, resolved: Params) -> Tensor:
        """Computes δ, in float32 or float64."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            mixing, shift, gain = (resolved[name].to(x.dtype) for name in ("mixing", "shift", "gain"))
            change = (mixing @ x.flatten(2)).view_as(x) + shift[:, :, None, None]
            return change if self.part == "color" else change + idct2(gain[:, None] * dct2(x))
