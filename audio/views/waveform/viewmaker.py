"""The Viewmaker on raw waveforms: a learned view that adds a bounded sound."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from viewlearn.bounds import Bounds, Channels, Width
from viewlearn.views import Budget, Decision, LearnedView, Params, distortion, draw, project_l1
from viewlearn.views.description import cells

FOLD = 8  # samples that become channels, so that no layer runs at the full sample rate
DOWN = 4  # by which the middle layers are coarser than the outer ones


class WaveformViewmaker(LearnedView):
    """A network that maps a waveform and noise to a view at a fixed relative distance from the waveform::

        view = x + δ,    δ = project_l1(network(x, noise), budget · mean|x|)

    The one-dimensional sibling of ``viewlearn.views.Viewmaker``, with the same budget, noise and training (to
    *increase* an encoder's contrastive loss; Tamkin, Wu & Goodman, "Viewmaker Networks", ICLR 2021, section 3); the
    paper has no waveform generator. The budget is relative to each clip's own ``mean|x|``: a fixed one would drown
    quiet clips and spare loud ones. The view acts before the front end, and learns through the front end's gradient.
    Parameters, uniform in [0, 1): ``noise0`` (batch, 1, T) and ``noise1`` … (batch, 1, T/32), T rounded up to a
    multiple of 32.

    Args:
        budget: Ratio ``mean|δ| / mean|x|``; 0.1 lies 20 dB below the sound; or ``auto``.
        channels: Number of channels of the waveforms.
        width: Channels of the network at an eighth of the sample rate; it has twice as many at a 32nd.
        num_res_blocks: Number of residual blocks, each with a noise map of its own and three times the last one's
            dilation.

    Raises:
        ValueError: A budget that isn't positive, a width or number of channels below 1, a negative number of blocks;
            when called, an input with another number of channels.
    """

    stage = "natural"

    def __init__(
        self,
        budget: Budget = 0.1,
        channels: Width = 1,
        width: Channels = 64,
        num_res_blocks: Annotated[int, Bounds(0, 8)] = 3,
    ):
        super().__init__(budget, usual=0.1)
        self.channels = channels
        self.stem = _conv_norm((channels + 1) * FOLD, width, 9)
        self.down = _conv_norm(width, 2 * width, 2 * DOWN + 1, stride=DOWN)
        self.blocks = nn.ModuleList(_Residual(2 * width, 3**k) for k in range(num_res_blocks))
        self.gains = nn.ParameterList(nn.Parameter(torch.randn(2 * width, 1)) for _ in range(num_res_blocks))
        self.up = _conv_norm(2 * width, width, 5)
        self.out = nn.Conv1d(width, channels * FOLD, 9, padding=4)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        full = x.shape[-1] + -x.shape[-1] % (FOLD * DOWN)
        coarse = {f"noise{k + 1}": full // (FOLD * DOWN) for k in range(len(self.blocks))}
        return {
            name: draw.uniform(x, 0.0, 1.0, generator, 1, size) for name, size in {"noise0": full, **coarse}.items()
        }

    def resolve(self, x: Tensor, params: Params) -> Params:
        return {"delta": self.perturbation(x, params)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return x + resolved["delta"].to(x.dtype)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        return distortion(decision.x, decision.view)

    def describe(self, resolved: Params) -> Tensor:
        """Describes how ``|δ|`` is spread over eight parts of the clip, 0 where it is as anywhere: ``(batch, 8)``."""
        change = resolved["delta"].detach().float().abs().mean(1, keepdim=True)
        return cells(change / change.mean(2, keepdim=True).clamp_min(1e-8), 8) - 1

    def perturbation(self, x: Tensor, params: Params) -> Tensor:
        """δ, what is added to x, in x's shape; 0 for a silent clip."""
        if x.ndim != 3 or x.shape[1] != self.channels:
            raise ValueError(
                f"the WaveformViewmaker was built for waveforms (batch, {self.channels}, time), not {tuple(x.shape)}"
            )
        level = x.detach().abs().mean(dim=(1, 2), keepdim=True)
        noise = params["noise0"].to(x.dtype)
        padded = F.pad(x / level.clamp_min(1e-8), (0, noise.shape[-1] - x.shape[-1]))
        h = self.down(self.stem(_fold(torch.cat([padded, noise], dim=1))))
        for k, (block, gain) in enumerate(zip(self.blocks, self.gains, strict=True)):
            h = block(h + gain * params[f"noise{k + 1}"].to(x.dtype))
        y = _unfold(self.out(self.up(F.interpolate(h, scale_factor=DOWN))))
        return project_l1(y[..., : x.shape[-1]], self._budget * level)


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.first = _conv_norm(channels, channels, 3, dilation=dilation)
        self.second = nn.Sequential(
            nn.Conv1d(channels, channels, 3, padding=1, bias=False), nn.InstanceNorm1d(channels, affine=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


def _conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel - 1) // 2
    conv = nn.Conv1d(inputs, outputs, kernel, stride, padding, dilation, bias=False)  # the norm cancels a bias
    return nn.Sequential(conv, nn.InstanceNorm1d(outputs, affine=True), nn.ReLU())


def _fold(x: Tensor) -> Tensor:
    """Turns blocks of FOLD samples of ``(batch, channel, time)`` into channels."""
    return x.unflatten(-1, (-1, FOLD)).movedim(-1, 2).flatten(1, 2)


def _unfold(x: Tensor) -> Tensor:
    """The inverse of ``_fold``."""
    return x.unflatten(1, (-1, FOLD)).movedim(2, -1).flatten(-2)
