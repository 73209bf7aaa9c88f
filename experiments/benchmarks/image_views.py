"""SimCLR's image views beside kornia (batched) and torchvision v2 (image by image), on one thread or several.

All three draw their parameters in the timed call and do the same operations with the same probabilities: random
resized crop (bilinear; antialiased here and in torchvision, not in kornia), flip, jitter with hue in HSV, grayscale,
and above 32 pixels blur with the same kernel size. The order of the jitter is drawn per image here and in
torchvision, per batch in kornia. Images are float32 in [0, 1]. Ours is what a training step calls, a method's
pipeline, and not the preset by itself.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms import v2

from benchmarks.measure import Speed, compare
from viewlearn.encoders import Backbone
from viewlearn.methods import SimCLR
from viewlearn.views import Identity, pipeline
from viewlearn.views.decode import ToFloat
from vision import SimCLRViews

CASES = (  # batch, pixels, targets against (kornia, torchvision)
    (256, 32, ("4×", "8×")),
    (64, 96, ("2×", "2×")),
    (16, 224, ("2×", "2×")),
)


def rows(quick: bool) -> Iterator[Speed]:
    # A process that trains has freed tensors of tens of megabytes, after which the C library keeps memory instead of
    # giving it back at every call. All three gain; ours by a quarter at 32 pixels, kornia by a tenth.
    torch.empty(31 * 2**20, dtype=torch.uint8)
    for batch, size, targets in CASES:
        blur = size > 32
        x = torch.rand(batch // 4 if quick else batch, 3, size, size)
        generator = torch.Generator().manual_seed(0)
        encoder = Backbone("resnet10w16", channels=3, size=(size, size))  # which isn't called
        method = SimCLR(encoder, pipeline(ToFloat(), Identity(), SimCLRViews(size)))
        calls: dict[str, Callable[[], object]] = {
            "ours": partial(method.view, x, generator, "learner"),
            "torchvision": _torchvision(x, size, blur),
        }
        kornia = _kornia(x, size, blur)
        if kornia is not None:
            calls["kornia"] = kornia
        with torch.no_grad():
            timings = compare(calls, repeats=3 if quick else 21)
        what = f"SimCLR views{', blur' if blur else ''}, {size} px, batch {len(x)}"
        for peer, target in zip(("kornia", "torchvision"), targets, strict=True):
            if peer in timings:
                ratio = timings[peer].median / timings["ours"].median
                yield Speed("image_views", f"{what}: {peer}", str(timings["ours"]), str(timings[peer]), ratio, target)
            else:
                yield Speed("image_views", f"{what}: {peer}", str(timings["ours"]), "not installed", None, target)


def _kernel_size(size: int) -> int:
    return 2 * (size // 10 // 2) + 1


def _torchvision(x: Tensor, size: int, blur: bool) -> Callable[[], Tensor]:
    views = [
        v2.RandomResizedCrop(size, antialias=True),
        v2.RandomHorizontalFlip(0.5),
        v2.RandomApply([v2.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8),
        v2.RandomGrayscale(0.2),
    ]
    if blur:
        views.append(v2.RandomApply([v2.GaussianBlur(_kernel_size(size), (0.1, 2.0))], 0.5))
    chain = v2.Compose(views)
    return lambda: torch.stack([chain(image) for image in x])


def _kornia(x: Tensor, size: int, blur: bool) -> Callable[[], Tensor] | None:
    try:
        import kornia.augmentation as K
    except ImportError:
        return None
    views = [
        K.RandomResizedCrop((size, size), scale=(0.08, 1.0), cropping_mode="resample"),
        K.RandomHorizontalFlip(p=0.5),
        K.ColorJitter(0.8, 0.8, 0.8, 0.2, p=0.8),
        K.RandomGrayscale(p=0.2),
    ]
    if blur:
        views.append(K.RandomGaussianBlur((_kernel_size(size), _kernel_size(size)), (0.1, 2.0), p=0.5))
    chain = torch.nn.Sequential(*views)
    return lambda: chain(x)
