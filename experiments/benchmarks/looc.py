"""A step of LooC beside the passes that it can't do without."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks.measure import Speed, compare, fastest_device, peak_memory
from viewlearn.data import Batch
from viewlearn.encoders import Backbone, Encoder
from viewlearn.methods import LooC, Method, MoCo
from viewlearn.views import Compose, Identity, View, pipeline
from viewlearn.views.decode import ToFloat
from vision import ColorJitter, HorizontalFlip, QuarterRotation, RandomResizedCrop

CASES = [
    ("resnet10w16", 256, "flip,rotation"),
    ("resnet10w16", 256, "color,rotation"),
    ("resnet18", 64, "color,rotation"),
]


def rows(quick: bool) -> Iterator[Speed]:
    for name, batch_size, factors in CASES[:1] if quick else CASES:
        yield from _compare(name, batch_size, factors, 3 if quick else 9)


def _compare(name: str, batch_size: int, factors: str, repeats: int) -> Iterator[Speed]:
    device = fastest_device()
    x = torch.randint(0, 256, (batch_size, 3, 32, 32), dtype=torch.uint8, device=device)
    batch = Batch(x, {}, torch.arange(batch_size, device=device))
    views = _views(factors)
    encoder = Backbone(name, channels=3, size=(32, 32)).to(device).to(memory_format=torch.channels_last)
    looc = _step(LooC(encoder, views, factors).to(device), batch)
    moco = _step(MoCo(encoder, views, num_keys=3).to(device), batch)
    what = f"LooC step over {factors}, {name}, batch {batch_size}"
    if device.type == "cpu" and (name, batch_size, factors) == CASES[0]:  # later ones would use freed memory, unseen
        memory, peer = peak_memory(looc), peak_memory(moco)
        note = "gradients of the weights included"
        yield Speed(
            "looc", f"{what}: memory", _mib(memory), f"MoCo, 3 keys {_mib(peer)}", peer / memory, "≥ 0.95", note
        )
    query, keys = views(x), torch.cat([views(x) for _ in range(3)])
    bare = {"keys": lambda: _no_grad(encoder, keys), "query": lambda: encoder(query).sum().backward()}
    timings = compare({"looc": looc, "views": lambda: views(x), **bare}, repeats=repeats)
    limit = 1.1 * (timings["keys"].median + timings["query"].median)
    yield Speed(
        "looc",
        what,
        str(timings["looc"]),
        f"1.1 × bare passes {limit * 1e3:.4g} ms",
        limit / timings["looc"].median,
        "≥ 1",
        f"keys {timings['keys']}, query {timings['query']}; ours also makes 4 views, each {timings['views']}",
    )


def _views(factors: str) -> Compose:
    """Crop and flip under color jitter; nothing that takes time where color is no factor."""
    entries: dict[str, View] = {"flip": HorizontalFlip(), "rotation": QuarterRotation()}
    if "color" in factors:
        entries = {"crop": RandomResizedCrop(32), "color": ColorJitter(0.4, 0.4, 0.4, 0.1), **entries}
    return pipeline(ToFloat(), Identity(), Compose(entries))


def _no_grad(encoder: Encoder, x: Tensor) -> None:
    with torch.no_grad():
        encoder(x)


def _step(method: Method, batch: Batch) -> Callable[[], None]:
    generator = torch.Generator(batch.x.device).manual_seed(0)

    def step() -> None:
        method(batch, generator)[0].backward()
        method.update()

    return step


def _mib(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:.0f} MiB"
