"""The Viewmaker: a learned view that adds a bounded perturbation."""

from typing import Annotated, Literal

import torch.nn.functional as F
from torch import Generator, Tensor

from viewlearn.bounds import Bounds, Channels, SmallCountOrZero, ValueRange, Width
from viewlearn.views import draw
from viewlearn.views.decision import Decision
from viewlearn.views.description import cells, columns
from viewlearn.views.learned.view import Budget, LearnedView
from viewlearn.views.params import Params
from viewlearn.views.viewmaker.budget import distortion, project_l1
from viewlearn.views.viewmaker.dct import dct2, idct2
from viewlearn.views.viewmaker.networks import CompactNetwork, PublishedNetwork


class Viewmaker(LearnedView):
    """A network that maps an input and noise to a view at a fixed distance from the input.

    ::

        view = clamp(x + δ),    δ = project_l1(network(x, noise), budget),    mean|δ| = budget per sample

    Its parameters are the noise maps, uniform in [0, 1): ``noise0`` (batch, 1, H, W) at the input's resolution and
    ``noise1`` … (batch, 1, H/4, W/4), one per residual block, H and W rounded up to multiples of 4. Inputs are
    ``(batch, channel, height, width)`` with sides of at least 5; they are padded by reflection to multiples of 4 at
    the bottom and right, and the perturbation is cropped. Trained to *increase* an encoder's contrastive loss (see
    ``reverse_gradient``); Tamkin, Wu & Goodman, "Viewmaker Networks", ICLR 2021, section 3 and algorithm 1.

    Differences from the published code: ``clamp`` takes effect when it is set (there, a missing key turned it off);
    ``budget`` may be changed at any time and is read at each call (there, the schedule wrote an attribute that nothing
    read); the DCT is orthonormal; inputs needn't be square.

    Args:
        budget: Mean of ``|δ|`` of each sample, in units of x: 0.05 suits images in [0, 1], 0.05 to 0.1 log-mel
            spectrograms in standard deviations, 0.2 to 0.5 sensor data; or ``auto``, see ``BudgetController``.
        channels: Number of channels of x; bound from the data by default.
        clamp: Range that views are clamped to, or None for no clamp; "data" takes ``value_range``.
        domain: ``pixel``; or ``dct``, where the network reads and perturbs the orthonormal discrete cosine transform
            of x (the budget then holds for the coefficients), which favors global patterns over local ones.
        variant: ``compact`` is the fast network; ``published`` has the layers of the paper's code.
        width: Base number of channels of the network, which has 2 and 4 times as many at a half and a quarter of the
            resolution.
        num_res_blocks: Number of residual blocks of the network, each with a noise map of its own.
        downsample: Factor by which the network's input is shrunk, and its output enlarged (before the projection, so
            that the budget holds); for large images.
        value_range: Range of the data, (0, 1) for images and None for z-scored inputs; bound from the data by default.

    Raises:
        ValueError: A budget of 0 or less, no channels, a width, number of blocks or factor below its minimum, an empty
            clamp range; when called, an input with another number of channels or with a side that is too short.
    """

    def __init__(
        self,
        budget: Budget = 0.05,
        channels: Width | None = None,
        clamp: ValueRange | Literal["data"] | None = "data",
        domain: Literal["pixel", "dct"] = "pixel",
        variant: Literal["compact", "published"] = "compact",
        width: Channels = 32,
        num_res_blocks: SmallCountOrZero = 3,
        downsample: Annotated[int, Bounds(1, 64)] = 1,
        value_range: ValueRange | None = None,
    ):
        super().__init__(budget, usual=0.1)
        networks = {"compact": CompactNetwork, "published": PublishedNetwork}
        if channels is None:
            raise ValueError(f"channels of the Viewmaker is {channels}; it must be the number of channels of the input")
        if clamp == "data":
            clamp = value_range
        if clamp is not None and not clamp[0] < clamp[1]:
            raise ValueError(f"clamp is {clamp}; it must be an interval (low, high), or None for no clamp")
        if (
            clamp is not None
            and value_range is not None
            and not (clamp[0] < value_range[1] and value_range[0] < clamp[1])
        ):
            raise ValueError(f"clamp is {clamp}; it must have values in common with the data, {value_range}")
        self.channels = channels
        self.clamp = clamp
        self.domain = domain
        self.downsample = downsample
        self.network = networks[variant](channels, width, num_res_blocks)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        self._check(x)
        shapes = self.network.noise_shapes(*(size + extra for size, extra in zip(*self._grid(x), strict=True)))
        return {f"noise{k}": draw.uniform(x, 0.0, 1.0, generator, *shape) for k, shape in enumerate(shapes)}

    def resolve(self, x: Tensor, params: Params) -> Params:
        return {"delta": self.perturbation(x, params)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        view = x + resolved["delta"].to(x.dtype)
        return view if self.clamp is None else view.clamp(*self.clamp)

    def describe(self, resolved: Params) -> Tensor:
        """Describes δ in 2 × 2 cells, in budgets: the mean of each channel, and of ``|δ|`` over all channels.

        That is ``(batch, 4 · channels + 4)``. Fine patterns average out of the former, and are left in the latter.
        """
        delta = resolved["delta"].detach().float()
        return columns(cells(delta), cells(delta.abs().mean(1, keepdim=True))) / self._budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        return distortion(decision.x, decision.view)

    def perturbation(self, x: Tensor, params: Params) -> Tensor:
        """Computes δ, which is added to x before clamping; it has x's shape and is float32."""
        self._check(x)
        (height, width), (bottom, right) = self._grid(x)
        noises = [params[f"noise{k}"].to(x.dtype) for k in range(self.network.num_res_blocks + 1)]
        h = dct2(x).to(x.dtype) if self.domain == "dct" else x
        if self.downsample > 1:
            h = F.interpolate(h, (height, width), mode="area")
        if bottom or right:
            h = F.pad(h, (0, right, 0, bottom), mode="reflect")
        y = self.network(h, noises)[..., :height, :width]
        if self.downsample > 1:
            y = F.interpolate(y, x.shape[-2:], mode="bilinear")
        delta = project_l1(y, self._budget)
        return idct2(delta) if self.domain == "dct" else delta

    def _grid(self, x: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
        """Returns height and width of the network's input, and their padding to multiples of its stride."""
        height, width = (-(-size // self.downsample) for size in x.shape[-2:])
        return (height, width), (-height % self.network.stride, -width % self.network.stride)

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise ValueError(
                f"the Viewmaker was built for inputs (batch, {self.channels}, height, width); "
                f"this one is {tuple(x.shape)}"
            )
        smallest = self.network.stride + 1
        if min(self._grid(x)[0]) < smallest:
            raise ValueError(
                f"height and width (divided by downsample {self.downsample}) must be at least {smallest} for the "
                f"Viewmaker; the input is {tuple(x.shape)}"
            )
