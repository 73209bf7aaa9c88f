"""Shapes of some texture and some color: three features of an image, as correlated as one chooses."""

from collections.abc import Callable
from math import pi

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import Count, Fraction, Pixels, Seed
from viewlearn.data import ArrayDataset, Split
from viewlearn.data.indexed import indexed_uniform
from vision.data.image_data import ImageData, Source

CHUNK = 512  # images rendered at a time; their maps then fit a cache
BACKGROUND = 0.5
RADIUS = 0.42  # of a shape, as a fraction of the image's side
DARK = 0.25  # brightness of a texture's ground, relative to its figure
NUM_INSTANCES = 60  # of each class of each factor
PARTS: dict[Split, tuple[int, int]] = {"train": (0, 40), "validation": (40, 48), "test": (48, NUM_INSTANCES)}

COLORS = {
    "red": (0.90, 0.10, 0.10),
    "green": (0.10, 0.70, 0.15),
    "blue": (0.15, 0.25, 0.95),
    "yellow": (0.95, 0.90, 0.10),
    "pink": (1.00, 0.45, 0.80),
    "cyan": (0.10, 0.85, 0.90),
    "purple": (0.45, 0.05, 0.60),
    "brown": (0.45, 0.25, 0.08),
    "orange": (1.00, 0.55, 0.05),
    "white": (0.95, 0.95, 0.95),
}


def _planes(*planes: tuple[float, float]) -> list[tuple[float, float, float]]:
    """Half-planes by the direction of their normal in degrees and their distance from the center."""
    return [(float(np.cos(np.deg2rad(a))), float(np.sin(np.deg2rad(a))), d) for a, d in planes]


def _box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float, float]]:
    return _planes((0, right), (180, -left), (90, bottom), (270, -top))


FIVE = _planes(*((54 + 72 * k, 0.72) for k in range(5)))
# Unions of intersections of half-planes, in a frame in which shapes reach about to 1; y points down.
POLYGONS = {
    "square": [_box(-0.72, -0.72, 0.72, 0.72)],
    "triangle": [_planes((90, 0.5), (210, 0.5), (330, 0.5))],
    "plus": [_box(-0.9, -0.28, 0.9, 0.28), _box(-0.28, -0.9, 0.28, 0.9)],
    "tee": [_box(-0.8, -0.8, 0.8, -0.25), _box(-0.28, -0.8, 0.28, 0.85)],
    "rhombus": [_planes((30, 0.48), (150, 0.48), (210, 0.48), (330, 0.48))],
    "pentagon": [FIVE],
    "trapezoid": [_planes((90, 0.5), (270, 0.5), (-20, 0.58), (200, 0.58))],
}
SHAPES = ("circle", "ring", "star", *POLYGONS)


def _shape(name: str, x: Tensor, y: Tensor) -> Tensor:
    """Bounds the distance to a shape's edge, negative inside: maps ``(n, height, width)``."""
    if name == "circle":
        return torch.hypot(x, y) - 0.8
    if name == "ring":
        return (torch.hypot(x, y) - 0.65).abs() - 0.22
    if name == "star":  # inside of all lines of a pentagon's sides but one
        sides = torch.stack([a * x + b * y - 0.5 * d for a, b, d in FIVE])
        return sides.topk(2, dim=0).values[1]
    pieces = []
    for piece in POLYGONS[name]:
        edge = None
        for a, b, d in piece:
            side = a * x + b * y - d
            edge = side if edge is None else torch.maximum(edge, side, out=edge)
        assert edge is not None
        pieces.append(edge)
    return pieces[0] if len(pieces) == 1 else torch.minimum(*pieces)


def _wave(x: Tensor) -> Tensor:
    return torch.sin(2 * pi * x)


def _triangle_wave(x: Tensor) -> Tensor:
    return (x - x.floor() - 0.5).abs() * 2


def _lines(x: Tensor, width: float) -> Tensor:
    """Positive on lines at whole numbers, at most ``width`` to either side."""
    return width - (x - x.round()).abs()


def _hashed(u: Tensor, v: Tensor) -> Tensor:
    """Patches that are on or off as if by chance."""
    chance = torch.sin(u.floor() * 12.9898 + v.floor() * 78.233) * 43758.5453
    return chance - chance.floor() - 0.5


# Figure where positive; u and v count periods.
TEXTURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "solid": lambda u, v: torch.ones_like(u),
    "stripes": lambda u, v: _wave(u),
    "checks": lambda u, v: _wave(u / 1.4) * _wave(v / 1.4) * 2,
    "grid": lambda u, v: torch.maximum(_lines(u, 0.17), _lines(v, 0.17)) * 6,
    "dots": lambda u, v: _wave(u) + _wave(v) - 0.7,
    "zigzags": lambda u, v: _wave(u + _triangle_wave(v / 1.5)),
    "waves": lambda u, v: _wave(u + 0.35 * _wave(v / 2.5)),
    "bricks": lambda u, v: -torch.maximum(_lines(v, 0.14), _lines(u / 2 + v.floor() / 2, 0.07) * 2) * 6,
    "noise": lambda u, v: _hashed(u * 2, v * 2) * 8,
    "triangles": lambda u, v: (_triangle_wave(u / 1.5) - v / 1.5 + (v / 1.5).floor()) * 4,
}


class Trifeature(ImageData):
    """A shape of some texture and color on gray: tasks ``shape``, ``texture`` and ``color``, ten classes each.

    The shape is uniform; the texture is that of the shape's number with probability ``texture_correlation``, else
    uniform, and the color likewise. Then the correlation of two classes' indicators is that probability. Test and
    validation samples are drawn without correlation unless ``correlated_test``, so that each feature is asked alone.

    Each class of a factor has 60 instances, which splits divide among themselves: of shapes, angles in ±45° and sizes;
    of textures, angles, periods and offsets; of colors, tints. Places are uniform where the shape fits. Image i of a
    split is a pure function of (seed, split, i).

    Args:
        texture_correlation: Probability that the texture is given by the shape, in [0, 1].
        color_correlation: Probability that the color is given by the shape, in [0, 1].
        correlated_test: Whether validation and test samples are as correlated as those to train on.
        num_train: Number of training images.
        num_validation: Number of validation images.
        num_test: Number of test images.
        size: Side of the images in pixels.
        seed: Seed of all random draws.

    Raises:
        ValueError: A probability outside [0, 1], a number or a size below 1.

    After the Trifeature data of Hermann and Lampinen, What shapes feature representations?, NeurIPS 2020; classes and
    rendering are ours.
    """

    def __init__(
        self,
        texture_correlation: Fraction = 0.0,
        color_correlation: Fraction = 0.0,
        correlated_test: bool = False,
        num_train: Count = 8192,
        num_validation: Count = 1024,
        num_test: Count = 2048,
        size: Pixels = 32,
        seed: Seed = 0,
    ):
        super().__init__()
        self.correlations = {"texture": texture_correlation, "color": color_correlation}
        self.correlated_test, self.size, self.seed = correlated_test, size, seed
        self.num: dict[Split, int] = {"train": num_train, "validation": num_validation, "test": num_test}

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"shape": SHAPES, "texture": tuple(TEXTURES), "color": tuple(COLORS)}

    def source(self, split: Split) -> Source:
        index = np.arange(self.num[split])
        labels = self._labels(split, index)
        images = torch.empty(len(index), 3, self.size, self.size, dtype=torch.uint8)
        for start in range(0, len(index), CHUNK):
            part = slice(start, start + CHUNK)
            images[part] = self._render(split, index[part], {task: each[part] for task, each in labels.items()})
        return Source(ArrayDataset(images, labels, self.tasks), index)

    def _labels(self, split: Split, index: np.ndarray) -> dict[str, Tensor]:
        drawn = torch.from_numpy(indexed_uniform(self.seed, f"{split} trifeature classes", index, 5))
        shape = (drawn[:, 0] * len(SHAPES)).long()
        labels = {"shape": shape}
        for column, (task, correlation) in enumerate(self.correlations.items()):
            given = drawn[:, 1 + column] < (correlation if split == "train" or self.correlated_test else 0)
            labels[task] = torch.where(given, shape, (drawn[:, 3 + column] * len(SHAPES)).long())
        return labels

    def _render(self, split: Split, index: np.ndarray, labels: dict[str, Tensor]) -> Tensor:
        low, high = PARTS[split]
        drawn = indexed_uniform(self.seed, f"{split} trifeature instances", index, 5)
        number = {task: low + (drawn[:, j] * (high - low)).astype(np.int64) for j, task in enumerate(labels)}
        own = {task: instance(task, labels[task].numpy(), number[task]) for task in labels}
        size, angle = self.size, (own["shape"][:, 0] - 0.5) * (pi / 2)
        radius = RADIUS * size * (0.8 + 0.2 * own["shape"][:, 1])
        room = (size / 2 - radius).clamp_min(0)
        place = torch.from_numpy(drawn[:, 3:5]).float() * 2 - 1
        steps = torch.arange(size) + 0.5 - size / 2
        x = steps[None, None, :] - (place[:, 0] * room)[:, None, None]
        y = steps[None, :, None] - (place[:, 1] * room)[:, None, None]
        radius = radius[:, None, None]
        turned = [each / radius for each in _turned(x, y, angle)]
        edge = _by_class(labels["shape"], SHAPES, turned, _shape) * radius  # in pixels
        coverage = (0.5 - edge).clamp_(0, 1)
        period = (size / 32 * (4.5 + 2 * own["texture"][:, 1]))[:, None, None]
        u, v = (each / period for each in _turned(x, y, own["texture"][:, 0] * (pi / 4)))
        shifted = [u + own["texture"][:, 2, None, None], v + own["texture"][:, 3, None, None]]
        figure = _by_class(labels["texture"], tuple(TEXTURES), shifted, lambda name, u, v: TEXTURES[name](u, v))
        bright = DARK + (1 - DARK) * (figure * 1.5 + 0.5).clamp_(0, 1)
        color = torch.tensor(list(COLORS.values()))[labels["color"]] + (own["color"][:, :3] - 0.5) * 0.12
        shown = bright[:, None] * color.clamp(0, 1)[:, :, None, None]
        return shown.sub_(BACKGROUND).mul_(coverage[:, None]).add_(BACKGROUND).mul_(255).round_().to(torch.uint8)


def instance(task: str, labels: np.ndarray, number: np.ndarray) -> Tensor:
    """The four numbers in [0, 1) that make an instance of a class, ``(n, 4)``; the same whatever the seed."""
    return torch.from_numpy(indexed_uniform(0, f"{task} instances", labels * NUM_INSTANCES + number, 4)).float()


def _turned(x: Tensor, y: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cosine * x + sine * y, cosine * y - sine * x


def _by_class(
    labels: Tensor, names: tuple[str, ...], maps: list[Tensor], draw: Callable[[str, Tensor, Tensor], Tensor]
) -> Tensor:
    """Draws each image by the function of its class."""
    made = torch.empty_like(maps[0])
    for label, name in enumerate(names):
        here = (labels == label).nonzero().squeeze(1)
        if len(here):
            made[here] = draw(name, *(each[here] for each in maps))
    return made
