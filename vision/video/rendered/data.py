"""Rendered video as data of a run: windows to pre-train on, single pictures to evaluate with."""

from functools import cached_property
from typing import Annotated

import torch

from viewlearn.bounds import Bounds, Count, Pixels, Seed, SmallCount
from viewlearn.data import ArrayDataset, Data, DataSpec, NoSplit, Split
from vision.data.image_data import float_statistics
from vision.synthesis.photographs import background_crops
from vision.synthesis.solids.render import Solids, in_front_of, render
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.rendered.windows import Regions, WindowSettings, cached_windows

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class SolidClips(Data):
    """Rendered solids that cross a photograph, turning, behind a pillar; task ``solid`` (8 shapes).

    Pre-training sees windows of frames, uint8 ``(frame, 2, 3, size, size)``: of each frame the whole, and a region cut
    out of it. The splits for evaluation are single pictures of other solids over photographs, ``(3, size, size)``. A
    run over windows needs the views ``PickRegion`` and ``PickFrame``, in this order, before all others.

    Args:
        num_clips: Number of windows to pre-train on.
        regions: "tracked", what ``RegionTracker`` follows, without any truth (see ``rendered_windows``), or "true",
            the solid's own boxes, a bound for any tracker.
        cache: Folder that windows are kept in, so that later runs needn't render (and track) them; by default none
            are kept.
        num_images: Number of training pictures; validation and test have a quarter as many each.
        num_frames: Number of frames of a window, at equal steps over the solid's whole way.
        size: Side of the pictures in pixels.
        turn: Degrees that a solid turns on its way.
        seed: Seed of all random draws.

    Raises:
        ValueError: Unknown ``regions``.
    """

    def __init__(
        self,
        num_clips: Count = 2000,
        regions: Regions = "true",
        cache: str | None = None,
        num_images: Count = 2000,
        num_frames: SmallCount = 5,
        size: Pixels = 32,
        turn: Annotated[float, Bounds(-360, 360)] = 120.0,
        seed: Seed = 0,
    ):
        self.settings = WindowSettings(num_clips, regions, num_frames, size, turn, seed)
        self.cache, self.num_images = cache, num_images
        self._splits: dict[Split, ArrayDataset] = {}

    @cached_property
    def spec(self) -> DataSpec:
        mean, std = float_statistics(self.split("train").x)
        shape = (3, self.settings.size, self.settings.size)
        return DataSpec(shape, {"solid": SOLIDS}, mean, std, self.settings.num_clips, value_range=(0.0, 1.0))

    def split(self, name: Split) -> ArrayDataset:
        if name not in SPLITS:
            raise NoSplit(f"SolidClips has no split {name!r}; there are: {', '.join(SPLITS)}")
        if name not in self._splits:
            number = self.num_images if name == "train" else self.num_images // 4
            seed = self.settings.seed * 10 + SPLITS.index(name)
            self._splits[name] = solid_pictures(number, self.settings.size, seed)
        return self._splits[name]

    @cached_property
    def _windows(self) -> ArrayDataset:
        return cached_windows(self.settings, self.cache)

    def pretraining(self) -> ArrayDataset:
        """The windows; 1,000 of them take a minute of one core with true regions, and five with tracked ones."""
        return self._windows


def solid_pictures(number: int, size: int, seed: int) -> ArrayDataset:
    """Renders random solids over crops of photographs, uint8, with the task ``solid``."""
    generator = torch.Generator().manual_seed(seed + 7_000_003)
    shapes = torch.arange(number) % len(SOLIDS)
    color, coverage = render(Solids.draw(shapes, generator), size)
    backgrounds = background_crops(64, size, seed + 1)
    chosen = backgrounds[torch.randint(0, len(backgrounds), (number,), generator=generator)]
    pictures = (in_front_of(chosen, color, coverage) * 255).round().to(torch.uint8)
    return ArrayDataset(pictures, {"solid": shapes}, {"solid": SOLIDS})
