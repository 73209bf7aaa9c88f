"""Pictures of simple 3-D solids, with known class, pose and light."""

from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor
from torch.nn import functional

from vision.synthesis.solids.shapes import SOLIDS, signed_distance

HALF_WIDTH = 1.15  # of the picture, in units of the solids' bounding radius
NUM_STEPS = 40  # of sphere tracing
CHUNK = 64  # pictures that are traced at a time, so that they fit a cache


@dataclass(frozen=True)
class Solids:
    """A batch of solids in front of a camera. Angles in degrees, colors in [0, 1].

    Args:
        shape: ``(batch,)`` int64, indices of ``SOLIDS``.
        proportions: ``(batch, 3)`` stretch along the solid's own axes, in (0, 1].
        colors: ``(batch, 2, 3)`` the solid's two paints, which cover it in bands, so that its sides differ.
        bands: ``(batch, 3)`` direction and frequency of the bands, in radians per unit length.
        azimuth: ``(batch,)`` azimuth of the camera about the solid.
        elevation: ``(batch,)`` elevation of the camera about the solid.
        light: ``(batch, 2)`` azimuth and elevation of the light, relative to the camera.
        light_color: ``(batch, 3)`` color of the light.
    """

    shape: Tensor
    proportions: Tensor
    colors: Tensor
    bands: Tensor
    azimuth: Tensor
    elevation: Tensor
    light: Tensor
    light_color: Tensor

    @classmethod
    def draw(cls, shape: Tensor, generator: Generator) -> "Solids":
        """Draws instances, poses and lights for given shapes."""

        def uniform(low: float, high: float, *size: int) -> Tensor:
            return low + (high - low) * torch.rand(len(shape), *size, generator=generator)

        direction = functional.normalize(torch.randn(len(shape), 3, generator=generator), dim=1)
        return cls(
            shape=shape,
            proportions=uniform(0.65, 1.0, 3),
            colors=uniform(0.1, 1.0, 2, 3),
            bands=direction * uniform(3.0, 9.0, 1),
            azimuth=uniform(-180.0, 180.0),
            elevation=uniform(5.0, 50.0),
            light=torch.stack([uniform(-60.0, 60.0), uniform(10.0, 60.0)], dim=1),
            light_color=torch.ones(len(shape), 3),
        )

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, index: Tensor | slice) -> "Solids":
        return Solids(*(getattr(self, field.name)[index] for field in fields(self)))


def render(solids: Solids, size: int = 32) -> tuple[Tensor, Tensor]:
    """Renders orthographic pictures by sphere tracing, with Lambert's shading and four rays a pixel.

    Args:
        solids: What to render.
        size: Side of the pictures in pixels.

    Returns:
        Premultiplied colors ``(batch, 3, size, size)`` and coverage ``(batch, 1, size, size)``, both in [0, 1]; see
        ``in_front_of``.
    """
    pictures = [_render(solids[start : start + CHUNK], size) for start in range(0, len(solids), CHUNK)]
    return torch.cat([color for color, _ in pictures]), torch.cat([coverage for _, coverage in pictures])


def in_front_of(background: Tensor | float, color: Tensor, coverage: Tensor) -> Tensor:
    """Puts pictures before backgrounds, ``(…, channel, height, width)``: color + (1 − coverage) · background."""
    return color + (1 - coverage) * background


def boxes_of(coverage: Tensor, threshold: float = 0.5) -> Tensor:
    """Tight boxes ``(batch, 4)``: left, top, right, bottom in pixels, the latter two exclusive; 0 if empty."""
    inside = coverage.squeeze(1) > threshold
    columns, rows = inside.any(1).int(), inside.any(2).int()
    left, top = columns.argmax(1), rows.argmax(1)
    right = columns.shape[1] - columns.flip(1).argmax(1)
    bottom = rows.shape[1] - rows.flip(1).argmax(1)
    return torch.stack([left, top, right, bottom], dim=1) * inside.any(2).any(1, keepdim=True)


def _render(solids: Solids, size: int) -> tuple[Tensor, Tensor]:
    right, up, back = _camera(solids.azimuth, solids.elevation)
    grid = (torch.arange(2 * size) + 0.5) / size - 1
    across, down = grid * HALF_WIDTH, -grid[:, None] * HALF_WIDTH
    # (batch, ray, 3): an orthographic camera's rays start on a plane in front of the solid and run along −back.
    start = across.expand(2 * size, -1)[None, ..., None] * right[:, None, None]
    start = start + down.expand(-1, 2 * size)[None, ..., None] * up[:, None, None]
    start = (start + 1.5 * back[:, None, None]).flatten(1, 2)
    color, coverage = torch.zeros_like(start), torch.zeros_like(start[..., :1])
    near = (across.square() + down.square()).flatten() < 1  # the others pass the ball that all solids lie in
    for shape in solids.shape.unique().tolist():
        rows = (solids.shape == shape).nonzero()
        color[rows, near], coverage[rows, near] = _trace(
            SOLIDS[shape], solids[rows[:, 0]], start[rows, near], *(axis[rows[:, 0]] for axis in (back, right, up))
        )
    picture = torch.cat([color * coverage, coverage], dim=2).mT.reshape(len(solids), 4, 2 * size, 2 * size)
    picture = functional.avg_pool2d(picture, 2)
    return picture[:, :3], picture[:, 3:]


def _trace(name: str, solids: Solids, start: Tensor, back: Tensor, right: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    stretch = solids.proportions[:, None]
    smallest = stretch.amin(-1)

    def distance(points: Tensor) -> Tensor:
        return signed_distance(name, points / stretch) * smallest

    points = start
    for _ in range(NUM_STEPS):
        points = points - distance(points).clamp(max=0.5)[..., None] * back[:, None]
    hit = (distance(points) < 0.004).float()[..., None] * (points.norm(dim=-1, keepdim=True) < 1.6)
    # Central differences along the corners of a tetrahedron: the cheapest normal.
    corners = points.new_tensor([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    slopes = [corner * distance(points + 2e-3 * corner)[..., None] for corner in corners]
    normal = functional.normalize(slopes[0] + slopes[1] + slopes[2] + slopes[3], dim=-1)
    azimuth, elevation = solids.light.deg2rad().unbind(1)
    toward = elevation.cos()[:, None] * (azimuth.sin()[:, None] * right + azimuth.cos()[:, None] * back)
    toward = toward + elevation.sin()[:, None] * up
    lambert = (normal * toward[:, None]).sum(-1, keepdim=True).clamp(min=0)
    band = torch.sigmoid(6 * torch.sin((points / stretch * solids.bands[:, None]).sum(-1, keepdim=True)))
    paint = band * solids.colors[:, :1] + (1 - band) * solids.colors[:, 1:]
    return (paint * solids.light_color[:, None] * (0.3 + 0.7 * lambert)).clamp(0, 1), hit


def _camera(azimuth: Tensor, elevation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Unit vectors right, up and back (from the solid to the camera), ``(batch, 3)`` each; z is up in the world."""
    azimuth, elevation = azimuth.deg2rad(), elevation.deg2rad()
    zero = torch.zeros_like(azimuth)
    back = torch.stack([elevation.cos() * azimuth.cos(), elevation.cos() * azimuth.sin(), elevation.sin()], dim=1)
    right = torch.stack([-azimuth.sin(), azimuth.cos(), zero], dim=1)
    return right, torch.linalg.cross(back, right), back
