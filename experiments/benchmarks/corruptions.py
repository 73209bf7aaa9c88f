"""The corruptions of ImageNet-C, batched, beside the package ``imagecorruptions``, which takes one image at a time."""

import importlib.util
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks.measure import Speed, compare
from vision.corruptions import CORRUPTIONS

PEER = "imagecorruptions"
SEVERITY = 3


def rows(quick: bool) -> Iterator[Speed]:
    """One row per corruption and size; both at ImageNet-C's constants."""
    sizes = ((32, 16),) if quick else ((32, 64), (224, 8))
    for size, batch in sizes:
        pixels = _crops(size, batch)
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        for name, corruption in CORRUPTIONS.items():
            yield _row(name, corruption(SEVERITY, "imagenet"), x, pixels, repeats=3 if quick else 7)


def _row(name: str, view, x: torch.Tensor, pixels: np.ndarray, repeats: int) -> Speed:
    what = f"{name}, {x.shape[-1]} px, batch {len(x)}"
    functions = {"ours": lambda: view(x, torch.Generator().manual_seed(0))}
    if importlib.util.find_spec(PEER):
        peer = importlib.import_module(f"{PEER}.corruptions")
        images = [Image.fromarray(image) for image in pixels]
        functions["peer"] = lambda: [np.asarray(getattr(peer, name)(image, SEVERITY)) for image in images]
    timings = compare(functions, repeats)
    if "peer" not in timings:
        return Speed("corruptions", what, str(timings["ours"]), f"{PEER} isn't installed", None, "")
    ratio = timings["peer"].median / timings["ours"].median
    note = "ours makes frost, the peer reads photographs" if name == "frost" else ""
    return Speed("corruptions", what, str(timings["ours"]), f"{PEER} {timings['peer']}", ratio, "", note)


def _crops(size: int, batch: int) -> np.ndarray:
    """uint8 crops (batch, size, size, 3) of scikit-learn's photographs."""
    photographs = load_sample_images().images
    generator = np.random.default_rng(0)
    corners = generator.integers(0, 427 - size, (batch, 2))
    return np.stack([photographs[i % 2][top : top + size, left : left + size] for i, (top, left) in enumerate(corners)])
