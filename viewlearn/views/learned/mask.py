"""A learned view that hides a part of each sample."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Channels, NonNegative, Positive, SmallCount, Value, ValueRange, Width
from viewlearn.views import draw
from viewlearn.views.decision import Decision
from viewlearn.views.description import cells
from viewlearn.views.learned.network import CoarseNetwork
from viewlearn.views.learned.resize import resized
from viewlearn.views.learned.view import Budget, LearnedView
from viewlearn.views.params import Params

Fill = Literal["mean", "noise", "sample"]
GRID = 4  # rows and columns of the cells that a descriptor tells the hidden part of
NUM_HALVINGS = 24  # of the interval in which the threshold lies; Newton's step then makes it exact


class LearnedMask(LearnedView):
    """Hides a part of each sample: a network decides which, the budget how large it is.

    ::

        view = x + m · (fill − x),    m = sigmoid(sharpness · ℓ − b),    mean(m) = budget per sample

    where ℓ are the network's logits, made coarse (8 × 8, so that a mask has the size of things and not of pixels),
    enlarged linearly and scaled to mean 0 and deviation 1 over the sample; the threshold b is solved for. Parameters:
    ``noise`` (batch, 8, 4, 4); with several masks, ``which`` (batch,), the number of the one that is applied; with
    another fill than the mean, ``fill`` (batch, channel, height, width), standard normal, or ``offset`` (batch,):
    sample i is filled from sample (i + offset) mod batch.

    It is the learned counterpart of erasing and of SpecAugment. ADIOS (Shi et al., ICML 2022) learns masks against an
    encoder, too: a U-Net without noise makes N masks that share out the image, and a penalty balances their areas. Here
    noise makes masks random, and each mask has its area by construction.

    Args:
        budget: Part of the sample that a mask hides, in (0, 0.9]; or ``auto``.
        num_masks: Number of masks that are decided at once, one of which is applied, at random.
        fill: What hidden parts become: the data's mean; noise with the data's mean and standard deviation; or another
            sample of the batch.
        diversity: Weight of the penalty on overlap: the product of two masks, averaged over the pixels and over all
            pairs of masks of a sample, those of its two views included.
        smoothness: Weight of the penalty on edges: the mean absolute difference of neighboring pixels of the masks.
        sharpness: Slope of the sigmoid; large ones give masks that are nearly 0 or 1, with thin soft edges.
        width: Base number of channels of the network, see ``CoarseNetwork``.
        channels: Number of channels of x; from the data.
        mean: Mean of each channel, in units of x; from the data.
        std: Standard deviation of each channel, in units of x; from the data.
        value_range: Range that noise is clamped to; from the data.

    Raises:
        ValueError: A budget outside (0, 0.9], no masks, an unknown fill, a negative weight, a sharpness that isn't
            above 0, or what the network refuses.
    """

    largest_budget = 0.9

    def __init__(
        self,
        budget: Budget = 0.25,
        num_masks: SmallCount = 1,
        fill: Fill = "mean",
        diversity: NonNegative = 0.0,
        smoothness: NonNegative = 0.0,
        sharpness: Positive = 6.0,
        width: Channels = 16,
        channels: Width | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
        value_range: ValueRange | None = None,
    ):
        super().__init__(budget, usual=0.25)
        self.network = CoarseNetwork(channels, maps=num_masks, width=width)
        self.num_masks = num_masks
        self.fill: Fill = fill
        self.diversity, self.smoothness, self.sharpness = diversity, smoothness, sharpness
        self.value_range = value_range
        self.register_buffer("mean", _per_channel(mean, 0.0, self.network.channels), persistent=False)
        self.register_buffer("std", _per_channel(std, 1.0, self.network.channels), persistent=False)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        params = self.network.sample(x, generator)
        if self.num_masks > 1:
            params["which"] = draw.integers(x, 0, self.num_masks, generator)
        if self.fill == "noise":
            params["fill"] = draw.normal(x, generator, *x.shape[1:])
        if self.fill == "sample":
            params["offset"] = draw.integers(x, 1, max(2, len(x)), generator)
        return params

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``mask`` (batch, 1, height, width), ``masks`` (batch, mask, height, width), and ``fill``."""
        masks = self._masks(x, params["noise"])
        mask = masks
        if self.num_masks > 1:
            mask = masks.gather(1, params["which"].view(-1, 1, 1, 1).expand(-1, 1, *masks.shape[2:]))
        return {"mask": mask, "masks": masks, "fill": self._filling(x, params)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return torch.lerp(x, resolved["fill"].to(x.dtype), resolved["mask"].to(x.dtype))

    def describe(self, resolved: Params) -> Tensor:
        """Describes which part of each of 4 × 4 cells is hidden: ``(batch, 16)`` in [0, 1]."""
        return cells(resolved["mask"].detach().float(), GRID)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures ``area``, the part that is hidden, and ``soft``, the part of pixels that are neither 0 nor 1."""
        mask = decision.resolved["mask"].detach()
        return {"area": mask.mean(), "soft": ((mask > 0.05) & (mask < 0.95)).float().mean()}

    def penalty(self, decisions: Sequence[Decision]) -> Tensor | None:
        masks = torch.cat([decision.resolved["masks"] for decision in decisions], dim=1)
        wants = []
        if self.diversity > 0 and masks.shape[1] > 1:
            number = masks.shape[1]
            overlap = masks.sum(1).square() - masks.square().sum(1)  # every pair twice
            wants.append(self.diversity * overlap.mean() / (number * (number - 1)))
        if self.smoothness > 0:
            wants.append(self.smoothness * (masks.diff(dim=2).abs().mean() + masks.diff(dim=3).abs().mean()))
        return torch.stack(wants).sum() if wants else None

    def _masks(self, x: Tensor, noise: Tensor) -> Tensor:
        logits = resized(self.network(x, noise)[0], x.shape[-2:], "linear")
        centered = logits - logits.mean((2, 3), keepdim=True)
        deviation = (centered.square().mean((2, 3), keepdim=True) + 1e-6).sqrt()  # a flat mask has a finite gradient
        return area_sigmoid(centered * (self.sharpness / deviation), self._budget)

    def _filling(self, x: Tensor, params: Params) -> Tensor:
        if self.fill == "mean":
            return self.mean.to(x.dtype).expand_as(x)
        if self.fill == "noise":
            noise = self.mean + self.std * params["fill"]
            return (noise if self.value_range is None else noise.clamp(*self.value_range)).to(x.dtype)
        return x.detach()[(torch.arange(len(x), device=x.device) + params["offset"]) % len(x)]


def area_sigmoid(logits: Tensor, area: float | Tensor, coarse: Tensor | None = None) -> Tensor:
    """Computes ``sigmoid(logits − b)`` with the threshold b at which its mean over the last two dimensions is ``area``.

    The threshold is found by bisection, without gradient; a Newton step behind it removes what is left, and has the
    gradient of the exact threshold (that of the implicit function). Computed in float32 or float64.

    Args:
        logits: ``(…, height, width)``.
        area: Mean of each map, in (0, 1).
        coarse: The same logits at fewer places, from which the threshold is found before the last step.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    with torch.no_grad():
        odds = torch.logit(torch.as_tensor(area, dtype=logits.dtype, device=logits.device))
        seen = logits if coarse is None else coarse.to(logits.dtype)
        low = seen.amin((-2, -1), keepdim=True) - odds  # with all logits as small, the mean is the area
        high = seen.amax((-2, -1), keepdim=True) - odds
        for _ in range(NUM_HALVINGS):
            middle = (low + high) / 2
            above = torch.sigmoid(seen - middle).mean((-2, -1), keepdim=True) > area
            low, high = torch.where(above, middle, low), torch.where(above, high, middle)
        threshold = (low + high) / 2
    rough = torch.sigmoid(logits - threshold)
    slope = (rough * (1 - rough)).mean((-2, -1), keepdim=True).detach().clamp_min(1e-6)
    correction = (rough.mean((-2, -1), keepdim=True) - area) / slope
    return torch.sigmoid(logits - threshold - correction)


def _per_channel(values: tuple[float, ...] | None, default: float, channels: int) -> Tensor:
    return torch.tensor(values or (default,) * channels).view(-1, 1, 1)
