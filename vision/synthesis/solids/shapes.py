"""Simple solids as signed distance functions: negative inside, zero on the surface, positive outside."""

import torch
from torch import Tensor

SOLIDS = ("box", "ellipsoid", "cylinder", "cone", "torus", "octahedron", "capsule", "cross")
"""The classes, in label order. All fit into a ball of radius 1 about the origin; z points up."""


def signed_distance(solid: str, points: Tensor) -> Tensor:
    """Bounds the distance to the surface from below, closely enough for sphere tracing: ``(..., 3)`` to ``(...)``.

    Inigo Quilez, "Distance functions" (iquilezles.org), is the standard collection of such formulas.

    Raises:
        ValueError: A solid that isn't in ``SOLIDS``.
    """
    if solid not in _DISTANCES:
        raise ValueError(f"no solid {solid!r}; there are: {', '.join(SOLIDS)}")
    return _DISTANCES[solid](points)


def _box(points: Tensor, half: tuple[float, float, float] = (0.62, 0.45, 0.52)) -> Tensor:
    beyond = points.abs() - points.new_tensor(half)
    return beyond.clamp(min=0).norm(dim=-1) + beyond.amax(-1).clamp(max=0)


def _ellipsoid(points: Tensor) -> Tensor:
    radii = points.new_tensor((0.9, 0.55, 0.65))
    scaled, slope = (points / radii).norm(dim=-1), (points / radii.square()).norm(dim=-1)
    return scaled * (scaled - 1) / slope.clamp(min=1e-6)


def _cylinder(points: Tensor) -> Tensor:
    around = points[..., :2].norm(dim=-1) - 0.45
    along = points[..., 2].abs() - 0.75
    return _corner(around, along)


def _cone(points: Tensor) -> Tensor:
    """Apex at z = 0.85, base of radius 0.7 at z = −0.6."""
    slope = 0.7 / 1.45
    side = (points[..., :2].norm(dim=-1) - slope * (0.85 - points[..., 2])) / (1 + slope**2) ** 0.5
    return torch.maximum(side, -0.6 - points[..., 2])


def _torus(points: Tensor) -> Tensor:
    ring = points[..., :2].norm(dim=-1) - 0.65
    return torch.stack([ring, points[..., 2]], dim=-1).norm(dim=-1) - 0.25


def _octahedron(points: Tensor) -> Tensor:
    return (points.abs().sum(-1) - 0.95) / 3**0.5


def _capsule(points: Tensor) -> Tensor:
    axis = points[..., 0].clamp(-0.6, 0.6)
    return torch.stack([points[..., 0] - axis, points[..., 1], points[..., 2]], dim=-1).norm(dim=-1) - 0.34


def _cross(points: Tensor) -> Tensor:
    bars = [(0.85, 0.25, 0.25), (0.25, 0.6, 0.25), (0.25, 0.25, 0.85)]
    return torch.stack([_box(points, bar) for bar in bars]).amin(0)


def _corner(a: Tensor, b: Tensor) -> Tensor:
    """Distance to the region where both are negative, of distances along perpendicular directions."""
    both = torch.stack([a, b], dim=-1)
    return both.clamp(min=0).norm(dim=-1) + both.amax(-1).clamp(max=0)


_DISTANCES = {
    "box": _box,
    "ellipsoid": _ellipsoid,
    "cylinder": _cylinder,
    "cone": _cone,
    "torus": _torus,
    "octahedron": _octahedron,
    "capsule": _capsule,
    "cross": _cross,
}
