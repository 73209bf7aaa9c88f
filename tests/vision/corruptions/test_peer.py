"""Parity with the package ``imagecorruptions`` (a rendering of the benchmark's code), given the same draws."""

import numpy as np
import pytest
import torch
from PIL import Image

from vision.corruptions import CORRUPTIONS

peer = pytest.importorskip("imagecorruptions.corruptions")


def pixels(x):
    return (x.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def close(ours, expected, atol):
    np.testing.assert_allclose(ours.permute(1, 2, 0).numpy() * 255, np.asarray(expected, dtype=np.float64), atol=atol)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("name", "atol"), [("defocus_blur", 0.1), ("contrast", 0.01), ("brightness", 0.01), ("jpeg_compression", 1e-4)]
)
def test_without_draws(name, atol, severity, photographs):
    x = photographs[96]
    for ours, image in zip(CORRUPTIONS[name](severity, "imagenet")(x), x, strict=True):
        close(ours, getattr(peer, name)(Image.fromarray(pixels(image)), severity), atol)


@pytest.mark.parametrize("severity", [1, 5])
def test_motion_blur(severity, photographs, generator, monkeypatch):
    x = photographs[96]
    view = CORRUPTIONS["motion_blur"](severity, "imagenet")
    params = view.sample(x, generator)
    for ours, image, angle in zip(view.transform(x, params), x, params["angle"], strict=True):
        monkeypatch.setattr(np.random, "uniform", lambda low, high, angle=angle: float(angle))
        close(ours, peer.motion_blur(Image.fromarray(pixels(image)), severity), 0.05)


@pytest.mark.parametrize("severity", [1, 5])
def test_gaussian_noise(severity, photographs, generator, monkeypatch):
    x = photographs[96][:1]
    view = CORRUPTIONS["gaussian_noise"](severity, "imagenet")
    params = view.sample(x, generator)
    noise = params["noise"][0].permute(1, 2, 0).numpy()
    monkeypatch.setattr(np.random, "normal", lambda size, scale: scale * noise)
    close(view.transform(x, params)[0], peer.gaussian_noise(Image.fromarray(pixels(x[0])), severity), 0.01)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_glass_blur(severity, photographs, generator, monkeypatch):
    x = photographs[96][:1]
    view = CORRUPTIONS["glass_blur"](severity, "imagenet")
    params = view.sample(x, generator)
    # The peer draws (columns, rows) and adds them in that order.
    draws = iter(params["offset"][0].flip(-1).flatten(0, 1).tolist())
    monkeypatch.setattr(peer, "_shuffle_pixels_njit_glass_blur", peer._shuffle_pixels_njit_glass_blur.py_func)
    monkeypatch.setattr(np.random, "seed", lambda seed: None)
    monkeypatch.setattr(np.random, "randint", lambda low, high, size: next(draws))
    expected = peer.glass_blur(Image.fromarray(pixels(x[0])), severity)
    # The peer truncates to 8 bits between the blurs.
    close(view.transform(x, params)[0] - 0.5 / 255, expected, 1.1)


def test_fog(photographs, generator, monkeypatch):
    x = photographs[96][:1]
    view = CORRUPTIONS["fog"](3, "imagenet")
    params = view.sample(x, generator)
    noise = params["noise"][0].numpy()
    steps = [(start, step) for step in (128, 64, 32, 16, 8, 4, 2) for start in ((1, 1), (0, 1), (1, 0))]
    slices = iter([noise[r * step // 2 :: step, c * step // 2 :: step] for (r, c), step in steps])
    monkeypatch.setattr(np.random, "uniform", lambda low, high, shape: high * next(slices))
    close(view.transform(x, params)[0], peer.fog(Image.fromarray(pixels(x[0])), 3), 0.05)


def test_snow_covers_as_much(photographs):
    """The peer trims the enlarged flakes elsewhere, so only their statistics are alike."""
    x = photographs[96][:1].expand(8, -1, -1, -1)
    np.random.seed(0)
    for severity in (1, 5):
        ours = CORRUPTIONS["snow"](severity, "imagenet")(x, torch.Generator().manual_seed(0)).mean().item()
        expected = np.mean([peer.snow(Image.fromarray(pixels(x[0])), severity) for _ in range(8)]) / 255
        assert ours == pytest.approx(expected, abs=0.02)
