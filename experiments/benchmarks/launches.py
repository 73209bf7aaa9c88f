"""What a step would launch on an accelerator, and where the host would wait, with every method and preset.

Counted on a pretended device (``benchmarks/pretended.py``) over one forward pass with a ResNet-18 and what follows a
step, in bfloat16. Each row has launches first, and then the number of waits, which should be 0.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import torch

from audio import presets as sounds
from audio.front_end import named_geometry
from benchmarks.measure import Speed
from benchmarks.pretended import PretendedGenerator, pretend, pretended
from viewlearn.data import Batch
from viewlearn.encoders import Backbone, Encoder
from viewlearn.methods import InstDisc, LooC, Method, MoCo, SimCLR, Supervised
from viewlearn.views import (
    Compose,
    Identity,
    LearnedFilter,
    LearnedMask,
    LearnedWarp,
    NoViews,
    Tilted,
    View,
    Viewmaker,
    pipeline,
)
from viewlearn.views.decode import ToFloat
from vision import LooCViews, MoCoV2Views, SimCLRViews

SIZE, BATCH = 64, 8  # pixels, at which presets blur, and samples
CHANNELS = {"channels": 3}
METHODS: dict[str, Callable[[Encoder, Compose], Method]] = {
    "SimCLR": SimCLR,
    "MoCo": MoCo,
    "InstDisc": lambda encoder, views: InstDisc(encoder, views, num_train=100),
    "Supervised": lambda encoder, views: Supervised(encoder, views, tasks={"kind": ("one", "two")}),
}
IMAGES: dict[str, Callable[[], View]] = {
    "NoViews": NoViews,
    "SimCLRViews": lambda: SimCLRViews(SIZE),
    "MoCoV2Views": lambda: MoCoV2Views(SIZE),
    "LooCViews, texture": lambda: LooCViews(SIZE, texture=True),
    "Viewmaker": lambda: Viewmaker(value_range=(0.0, 1.0), **CHANNELS),
    "LearnedMask": lambda: LearnedMask(**CHANNELS),
    "LearnedFilter": lambda: LearnedFilter(**CHANNELS),
    "LearnedWarp": lambda: LearnedWarp(**CHANNELS),
}
SOUNDS: dict[str, Callable[[int, int], View]] = {
    "WaveformViews": lambda samples, rate: sounds.WaveformViews(samples, rate),
    "PublishedWaveformViews": lambda samples, rate: sounds.PublishedWaveformViews(),
    "SpectralViews": lambda samples, rate: sounds.SpectralViews(),
    "BYOLAViews": lambda samples, rate: sounds.BYOLAViews(),
}
FACTORS = ("color,rotation", "color+gray,rotation,texture", "flip,blur")
TARGETS = {"SimCLR, SimCLRViews": 350, "LooC, color,rotation": 700, "SimCLR, Viewmaker": 300}


def rows(quick: bool) -> Iterator[Speed]:
    for what, make in cases().items():
        launches, waits = count(make)
        target = TARGETS.get(what)
        yield Speed(
            "launches",
            what,
            f"{launches.total()} launches",
            f"{waits.total()} waits",
            None,
            "0 waits" if target is None else f"≤ {target}",
            ", ".join(f"{number} {name}" for name, number in waits.most_common(4)),
        )


def cases(network: str = "resnet18") -> dict[str, Callable[[], tuple[Method, Batch]]]:
    """Lists every method with every preset, as functions that make a method and stored samples, on the CPU.

    Args:
        network: Name of the encoder's network.
    """
    found: dict[str, Callable[[], tuple[Method, Batch]]] = {
        f"{method}, {views}": lambda make=make, preset=preset: _of_images(network, make, preset())
        for method, make in METHODS.items()
        for views, preset in IMAGES.items()
    }
    for factors in FACTORS:
        found[f"LooC, {factors}"] = lambda factors=factors: _of_images(
            network, lambda encoder, views: LooC(encoder, views, factors), LooCViews(SIZE, texture=True)
        )
    found["SimCLR, Tilted SimCLRViews"] = lambda: _of_images(network, SimCLR, Tilted(SimCLRViews(SIZE)))
    for views, preset in SOUNDS.items():
        found[f"SimCLR, {views}"] = lambda preset=preset: _of_sounds(network, preset)
    return found


def count(make: Callable[[], tuple[Method, Batch]]) -> tuple[Counter[str], Counter[str]]:
    """Counts launches and waits of one step, by operation."""
    method, batch = make()
    with pretended(bf16=True) as counts:
        pretend(method.train())
        x, index = (torch.empty(each.shape, dtype=each.dtype) for each in (batch.x, batch.index))
        labels = {task: torch.empty(each.shape, dtype=each.dtype) for task, each in batch.labels.items()}
        counts.launches.clear()
        counts.waits.clear()
        method(Batch(x, labels, index), PretendedGenerator())
        method.update()
    return counts.launches, counts.waits


def _of_images(network: str, make: Callable[[Encoder, Compose], Method], views: View) -> tuple[Method, Batch]:
    encoder = Backbone(network, size=(SIZE, SIZE), **CHANNELS)
    x = torch.zeros(BATCH, 3, SIZE, SIZE, dtype=torch.uint8)
    return make(encoder, pipeline(ToFloat(), Identity(), views)), _batch(x)


def _of_sounds(network: str, preset: Callable[[int, int], View]) -> tuple[Method, Batch]:
    geometry = named_geometry("64x64_1s")
    front_end, views = geometry.log_mel(), preset(16000, 16000)
    x = torch.zeros(BATCH, 1, 16000, dtype=torch.int16)
    bands, frames = front_end.like(torch.empty(1, 1, 16000)).shape[-2:]
    encoder = Backbone(network, channels=1, size=(bands, frames))
    return SimCLR(encoder, pipeline(ToFloat(), front_end, views)), _batch(x)


def _batch(x: torch.Tensor) -> Batch:
    return Batch(x, {"kind": torch.zeros(len(x), dtype=torch.int64)}, torch.arange(len(x)))
