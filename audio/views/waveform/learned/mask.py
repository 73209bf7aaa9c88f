"""A learned view that hides a part of each clip."""

from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Channels, Positive
from viewlearn.views import Budget, CoarseNetwork, Decision, LearnedView, Params, draw, resized
from viewlearn.views.description import cells
from viewlearn.views.learned.mask import area_sigmoid

SPANS = 8  # of time that a mask is described by
NUM_COARSE = 512  # places at which the threshold of a mask is looked for


class LearnedWaveformMask(LearnedView):
    """Hides a part of each waveform: a network decides when, the budget for how long::

        view = x + m · (fill − x),    m = sigmoid(sharpness · ℓ − b),    mean(m) = budget per clip

    as ``viewlearn.views.LearnedMask`` does with images, with 8 logits over the clip. Parameters: ``noise``
    (batch, 8, 4, 4); with a fill of noise, ``fill`` (batch, channel, time), standard normal.

    It is the learned counterpart of ``WaveformMask``.

    Args:
        budget: Part of the clip that is hidden, in (0, 0.9]; or ``auto``.
        fill: What is heard instead: silence, or white noise as loud as the clip.
        sharpness: Slope of the sigmoid; large ones give masks that are nearly 0 or 1, with short soft edges.
        width: Base number of channels of the network, see ``viewlearn.views.CoarseNetwork``.

    Raises:
        ValueError: A budget outside (0, 0.9], an unknown fill, or a sharpness that isn't above 0.
    """

    stage = "natural"
    largest_budget = 0.9

    def __init__(
        self,
        budget: Budget = 0.25,
        fill: Literal["silence", "noise"] = "silence",
        sharpness: Positive = 6.0,
        width: Channels = 16,
    ):
        super().__init__(budget, usual=0.25)
        self.network = CoarseNetwork(1, maps=1, width=width, waveforms=True)
        self.fill = fill
        self.sharpness = sharpness

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        params = self.network.sample(x, generator)
        if self.fill == "noise":
            params["fill"] = draw.normal(x, generator, *x.shape[1:])
        return params

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``mask`` (batch, 1, time), 1 where x is hidden, and ``fill`` (batch, channel, time)."""
        controls = self.network(x, params["noise"])[0].mean(2, keepdim=True)
        controls = controls.to(torch.promote_types(controls.dtype, torch.float32))
        coarse = resized(controls, (1, NUM_COARSE), "linear")
        deviation = (coarse.var(3, correction=0, keepdim=True) + 1e-6).sqrt()
        controls = (controls - coarse.mean(3, keepdim=True)) * (self.sharpness / deviation)
        coarse, logits = (resized(controls, (1, size), "linear") for size in (NUM_COARSE, x.shape[-1]))
        return {"mask": area_sigmoid(logits, self._budget, coarse).squeeze(1), "fill": self._filling(x, params)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return torch.lerp(x, resolved["fill"].to(x.dtype), resolved["mask"].to(x.dtype))

    def describe(self, resolved: Params) -> Tensor:
        """Describes which part of each of 8 spans of time is hidden: ``(batch, 8)`` in [0, 1]."""
        return cells(resolved["mask"].detach().float(), SPANS)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures ``hidden``, the part of the time that is."""
        return {"hidden": decision.resolved["mask"].detach().mean()}

    def _filling(self, x: Tensor, params: Params) -> Tensor:
        if self.fill == "silence":
            return torch.zeros_like(x)
        return params["fill"].to(x.dtype) * x.detach().square().mean((1, 2), keepdim=True).sqrt()
