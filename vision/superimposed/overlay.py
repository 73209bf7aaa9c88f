"""Superimposed features: an image is a base and a layer over it, each of which carries a label of its own."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Generator, Tensor

from viewlearn.data import ArrayDataset, Dataset, Split
from viewlearn.views import Params, View, draw

CHUNK = 4096  # images composited at a time; bounds the intermediate memory


class Overlay(ABC):
    """What is drawn over images, one class of ``classes`` each, as the labels of ``task``.

    Image i's layer is a pure function of (seed, split, i).
    """

    task: str
    classes: tuple[str, ...]

    @abstractmethod
    def draw(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        """The layers of the images ``index`` of a split.

        Args:
            split: test layers are made of glyphs that aren't in train, where glyphs are many.
            index: ``(n,)`` positions in the split's source.
            size: (height, width) of the images.
            seed: of the random draws.

        Returns:
            ``(n, 4, height, width)`` uint8, red, green, blue and opacity (not premultiplied); ``(n,)`` int64 labels.
        """


def composite(layered: Tensor) -> Tensor:
    """Base and layer flattened: ``base · (1 − opacity) + colour · opacity``, for uint8 rounded to nearest.

    Args:
        layered: ``(…, channel + 4, height, width)``: the base, and the layer's red, green, blue and opacity. uint8, or
            floating-point in [0, 1]. A grey base (one channel) takes the mean of the layer's colours.

    Returns:
        ``(…, channel, height, width)`` of the same type.
    """
    base, colour, opacity = layered.split([layered.shape[-3] - 4, 3, 1], dim=-3)
    if layered.dtype != torch.uint8:
        colour = colour if base.shape[-3] == 3 else colour.mean(-3, keepdim=True)
        return base + (colour - base) * opacity
    if base.shape[-3] != 3:
        colour = colour.float().mean(-3, keepdim=True).round_()
    base, colour, opacity = base.int(), colour.int(), opacity.int()
    return ((base * (255 - opacity) + colour * opacity + 127) // 255).to(torch.uint8)


class Composite(View):
    """Flattens the layers of images that are stored in them; images without layers pass unchanged.

    It is the front end of data with ``layers=True``, so that everything behind it sees ordinary images.

    Args:
        channels: of the base; bound from the data.

    Raises:
        ValueError: ``channels`` isn't given, or x has neither ``channels`` nor ``channels + 4`` of them.
    """

    def __init__(self, channels: int | None = None):
        super().__init__()
        if channels is None:
            raise ValueError("channels is None; it is the number of channels of the base image, such as 3")
        self.channels = channels

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return composite(x) if self._layered(x) else x

    def like(self, x: Tensor) -> Tensor:
        if not self._layered(x):
            return x
        return x.new_empty(1).expand(len(x), self.channels, *x.shape[2:])

    def _layered(self, x: Tensor) -> bool:
        if x.shape[1] not in (self.channels, self.channels + 4):
            raise ValueError(
                f"images have {x.shape[1]} channels; expected {self.channels}, or {self.channels + 4} with layers"
            )
        return x.shape[1] != self.channels


class RedrawOverlay(View):
    """An oracle view: with a probability, an image's overlay is drawn anew, its base stays.

    It destroys just the overlay's label, with a known probability, and so tells what a learned view could gain by
    dropping that feature. The new overlay is that of another image of the batch, a draw from the training overlays;
    it has the old label with probability about 1 / number of classes. The images need their layers: build the data
    with ``layers=True``.

    Parameters: ``redraw`` (batch,) booleans and ``donor`` (batch,) positions in the batch.

    Args:
        probability: that an image's overlay is redrawn, in each view.
        channels: of the base; bound from the data.

    Raises:
        ValueError: a probability outside [0, 1], ``channels`` not given, or images without layers.
    """

    stage = "natural"

    def __init__(self, probability: float = 0.5, channels: int | None = None):
        super().__init__()
        if not 0 <= probability <= 1:
            raise ValueError(f"probability is {probability}; it must lie in [0, 1]")
        if channels is None:
            raise ValueError("channels is None; it is the number of channels of the base image, such as 3")
        self.probability = probability
        self.channels = channels

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        redraw = draw.bernoulli(x, self.probability, generator)
        steps = draw.integers(x, 1, max(len(x), 2), generator)
        return {"redraw": redraw, "donor": (torch.arange(len(x), device=x.device) + steps) % len(x)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.shape[1] != self.channels + 4:
            raise ValueError(
                f"images have {x.shape[1]} channels, so their overlay can't be redrawn: it takes the {self.channels} "
                "of the base and 4 of the layer, which data hold when built with layers=True"
            )
        base, layer = x.split([self.channels, 4], dim=1)
        redraw = params["redraw"][:, None, None, None]
        return torch.cat([base, torch.where(redraw, layer[params["donor"]], layer)], dim=1)


def superimpose(
    dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int = 0, layers: bool = False
) -> Dataset:
    """A data set with ``overlay`` drawn over its images, and the overlay's labels beside its own.

    Args:
        dataset: uint8 images; one in memory stays there, another is drawn over as it is read.
        overlay: what to draw.
        split: whose glyphs to use.
        index: ``(len(dataset),)`` the position in its source that each image's draw belongs to.
        seed: of the draws.
        layers: keep base and layer apart, see ``composite``.

    Raises:
        ValueError: the data set has a task of the overlay's name already.
    """
    first, labels = dataset[0]
    if overlay.task in labels:
        raise ValueError(f"the images have a task {overlay.task!r} already, so the overlay's labels need another name")
    if not isinstance(dataset, ArrayDataset):
        return _Superimposed(dataset, overlay, split, index, seed, layers)
    channels, *size = first.shape
    x = torch.empty(len(dataset), channels + 4 * layers, *size, dtype=torch.uint8)
    drawn = torch.empty(len(dataset), dtype=torch.int64)
    for start in range(0, len(dataset), CHUNK):
        part = slice(start, start + CHUNK)
        layer, drawn[part] = overlay.draw(split, index[part], tuple(size), seed)
        layered = torch.cat([dataset.x[part], layer], dim=1)
        x[part] = layered if layers else composite(layered)
    return ArrayDataset(x, {**dataset.labels, overlay.task: drawn})


class _Superimposed:
    """Draws over each image as it is read."""

    def __init__(self, dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int, layers: bool):
        self.dataset, self.overlay, self.split = dataset, overlay, split
        self.index, self.seed, self.layers = index, seed, layers

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> tuple[Tensor, dict[str, int]]:
        base, labels = self.dataset[i]
        layer, drawn = self.overlay.draw(self.split, self.index[i : i + 1], tuple(base.shape[1:]), self.seed)
        layered = torch.cat([base, layer[0]])
        return (layered if self.layers else composite(layered)), {**labels, self.overlay.task: int(drawn)}
