"""A learned view that moves things: a smooth displacement field."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from viewlearn.bounds import Channels, Width
from viewlearn.views.decision import Decision
from viewlearn.views.description import cells
from viewlearn.views.learned.network import CoarseNetwork
from viewlearn.views.learned.resize import resized
from viewlearn.views.learned.view import Budget, LearnedView
from viewlearn.views.params import Params

Part = Literal["both", "affine", "smooth"]
Direction = Literal["both", "rows", "columns"]
CONTROLS = 4  # rows and columns of control values; those outside are as the outermost
NUM_NEWTON = 6
STEEPEST = 0.9  # slope of the displacement, in pixels per pixel; from 1 on, the field may fold
SMALLEST = 1e-6  # mean displacement before scaling that is scaled to the budget; less stays less


class LearnedWarp(LearnedView):
    """Reads each sample at displaced places: a network decides the field, the budget how far on average.

    ::

        view(p) = x(p + u(p)),    u = α · (spline(controls) + A p + t) + β e,    mean ‖u‖ = budget per sample

    with bilinear reading, and the nearest pixel outside. The smooth part is a cubic B-spline of 4 × 4 control values;
    the affine part zooms, turns, shears and shifts. α is what the budget asks for, or less where the field would fold:
    the slope of u stays below 0.9, so that the Jacobian of the map p + u(p) is positive for any weights, budget and
    input. Where α is limited, a shift β along the mean displacement e makes up the distance; elsewhere β is 0.
    Parameters: ``noise`` (batch, 8, 4, 4).

    It is the learned counterpart of crops, rotations and elastic deformations; of time stretch and vocal-tract warps in
    spectrograms, with ``direction`` columns and rows. Learned warps of published code: an adversarial affine crop
    without noise (the predecessor of Hard View Pretraining), and a thin-plate spline, in users' forks of Viewmaker.

    Args:
        budget: Mean displacement in pixels, or in bands and frames; or ``auto``.
        part: ``affine``, ``smooth``, or both.
        direction: ``rows`` moves things down and up only (frequency), ``columns`` to the sides only (time).
        width: Base number of channels of the network, see ``CoarseNetwork``.
        channels: Number of channels of x; from the data.

    Raises:
        ValueError: A budget that isn't above 0, an unknown part or direction, or what the network refuses.
    """

    def __init__(
        self,
        budget: Budget = 1.0,
        part: Part = "both",
        direction: Direction = "both",
        width: Channels = 16,
        channels: Width | None = None,
    ):
        super().__init__(budget, usual=1.0)
        maps, numbers = (2 if part != "affine" else 0), (6 if part != "smooth" else 0)
        self.network = CoarseNetwork(channels, maps=maps, numbers=numbers, width=width)
        self.part: Part = part
        self.direction: Direction = direction

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``field`` (batch, 2, height, width), in pixels down and to the right."""
        maps, numbers = self.network(x, params["noise"])
        controls = None
        if self.part != "affine":
            controls = F.pad(resized(maps, (CONTROLS, CONTROLS), "average").tanh(), [1] * 4, mode="replicate")
        affine = None
        if self.part != "smooth":
            affine = numbers.to(torch.promote_types(numbers.dtype, torch.float32)).tanh().unflatten(1, (2, 3))
        return {"field": self._field(controls, affine, x)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        height, width = x.shape[-2:]
        y = x.to(torch.promote_types(x.dtype, torch.float32))
        down, right = (part.to(y.dtype) for part in resolved["field"].unbind(1))
        rows, columns = places(height, y)[:, None] + down * (2 / height), places(width, y) + right * (2 / width)
        grid = torch.stack([columns, rows], dim=-1)
        with torch.autocast(x.device.type, enabled=False):
            return F.grid_sample(y, grid, padding_mode="border", align_corners=False).to(x.dtype)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the mean displacement in 2 × 2 cells, down and then to the right, in budgets: ``(batch, 8)``."""
        return cells(resolved["field"].detach().float()) / self._budget

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the mean ``displacement``, and the least ``jacobian``: the smallest factor by which areas change."""
        field = decision.resolved["field"].detach()
        return {"displacement": field.norm(dim=1).mean(), "jacobian": jacobian(field).amin()}

    def _field(self, controls: Tensor | None, affine: Tensor | None, x: Tensor) -> Tensor:
        """Scales the sum of both parts to the budget: ``(batch, 2, height, width)``."""
        parts = []
        if controls is not None:
            parts.append(resized(controls, x.shape[-2:], "cubic"))
        if affine is not None:
            rows, columns = (places(size, affine) for size in x.shape[-2:])
            by_row, by_column, shift = affine[..., None].unbind(2)
            parts.append((by_row * rows)[..., :, None] + (by_column * columns + shift)[..., None, :])
        field = torch.stack(parts).sum(0)
        if self.direction != "both":
            keep = field.new_tensor([1.0, 0.0] if self.direction == "rows" else [0.0, 1.0])
            field = field * keep[:, None, None]
        return bounded_field(field, self._budget, along=1 if self.direction == "columns" else 0)


def bounded_field(field: Tensor, length: Tensor, along: int) -> Tensor:
    """Scales each field to a mean length; where it would fold, less, and the rest is made up for by a shift.

    Args:
        field: ``(batch, 2, height, width)``.
        length: Mean length that is wanted, a scalar.
        along: Component that a field without a mean displacement is shifted along.
    """
    wanted = length / (_length(field) + SMALLEST)
    possible = STEEPEST / slope(field.detach()).clamp_min(SMALLEST)
    field = field * torch.minimum(wanted, possible).view(-1, 1, 1, 1)
    shifted = shifted_to(field, length, along)
    return torch.where((possible < wanted).view(-1, 1, 1, 1), shifted, field)


def shifted_to(field: Tensor, length: Tensor, along: int) -> Tensor:
    """Shifts each field along its mean displacement until its mean length, which is less, is ``length``.

    The mean length of field + β e is convex in β, so that Newton's method from the right converges; the last step has
    the gradient of the exact solution.

    Args:
        field: ``(batch, 2, height, width)``.
        length: Mean length that is wanted.
        along: Component that a field without a mean displacement is shifted along.
    """
    mean = field.detach().mean((2, 3))
    axis = torch.zeros_like(mean)
    axis[:, along] = 1
    size = mean.norm(dim=1, keepdim=True)
    direction = torch.where(size > SMALLEST, mean / size.clamp_min(SMALLEST), axis)[..., None, None]
    fixed = field.detach()
    beta = length + _length(fixed)
    for step in range(NUM_NEWTON):
        moved = (field if step == NUM_NEWTON - 1 else fixed) + beta.view(-1, 1, 1, 1) * direction
        with torch.no_grad():
            along_it = (moved * direction).sum(1)
            rate = (along_it / _lengths(moved)).mean((1, 2)).clamp_min(1e-3)
        beta = beta - (_length(moved) - length) / rate
    return field + beta.view(-1, 1, 1, 1) * direction


def _lengths(field: Tensor) -> Tensor:
    """Returns the length of each displacement, ``(batch, height, width)``; of none, it is tiny and has a gradient."""
    return (field.square().sum(1) + SMALLEST**2).sqrt()


def _length(field: Tensor) -> Tensor:
    return _lengths(field).mean((1, 2))


def places(size: int, like: Tensor) -> Tensor:
    """Returns the centers of pixels on a line from −1 to 1: ``(size,)``."""
    return (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) * (2 / size) - 1


def _differences(field: Tensor) -> tuple[Tensor, Tensor]:
    """Changes of the field from a pixel to the next below and to the right: ``(batch, 2, height − 1, width − 1)``."""
    return field.diff(dim=2)[..., :-1], field.diff(dim=3)[..., :-1, :]


def slope(field: Tensor) -> Tensor:
    """Returns the largest slope of each field ``(batch, 2, height, width)`` in any direction, in pixels per pixel."""
    (a, c), (b, d) = (part.unbind(1) for part in _differences(field))
    squares = a.square() + b.square() + c.square() + d.square()
    root = ((squares.square() - 4 * (a * d - b * c).square()).clamp_min(0)).sqrt()
    return ((squares + root) / 2).sqrt().amax((1, 2))  # the larger singular value


def jacobian(field: Tensor) -> Tensor:
    """Returns the determinant of the Jacobian of p + u(p): ``(batch, height − 1, width − 1)``, negative at folds."""
    (down, right_by_row), (down_by_column, right) = (part.unbind(1) for part in _differences(field))
    return (1 + down) * (1 + right) - right_by_row * down_by_column
