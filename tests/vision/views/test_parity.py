"""Given the same parameters, each view equals torchvision's functional form, sample by sample."""

import itertools

import pytest
import torch
import torchvision.transforms.v2.functional as F

from vision import (
    ColorJitter,
    Erasing,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomResizedCrop,
    Solarize,
)

SIZES = [(32, 32), (33, 47), (96, 96), (20, 64)]


def images(height, width, batch=8):
    """Noise, with some gray, black, white and two-equal-channels pixels, where the hue has its corners."""
    x = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    x[:, :, 0] = x[:, :1, 0]
    x[:, 1, 1] = x[:, 0, 1]
    x[:, 2, 2] = x[:, 1, 2]
    x[:, 0, 3] = x[:, 2, 3]
    x[:, :, 4], x[:, :, 5] = 0, 1
    return x


def assert_equal(ours, theirs):
    torch.testing.assert_close(ours, torch.stack(theirs), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("size", [(32, 32), (17, 40), (96, 96)])
def test_crop(height, width, size, generator):
    x = images(height, width)
    view = RandomResizedCrop(size)
    params = view.sample(x, generator)
    pixels = (params["box"] * torch.tensor([height, width, height, width])).round().int().tolist()
    assert_equal(
        view.transform(x, params),
        [F.resized_crop(i, *p, list(size), antialias=True) for i, p in zip(x, pixels, strict=True)],
    )


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_flip(height, width, generator):
    x = images(height, width)
    params = HorizontalFlip().sample(x, generator)
    assert 0 < params["flipped"].sum() < len(x)
    theirs = [F.horizontal_flip(i) if f else i for i, f in zip(x, params["flipped"], strict=True)]
    assert_equal(HorizontalFlip().transform(x, params), theirs)


def test_rotation():
    x = images(32, 32)
    turns = torch.arange(8) % 4
    theirs = [F.rotate(i, 90.0 * t) for i, t in zip(x, turns.tolist(), strict=True)]
    assert_equal(QuarterRotation().transform(x, {"turns": turns}), theirs)


def test_gray():
    x = images(33, 47)
    assert_equal(Grayscale()(x), [F.rgb_to_grayscale(i, 3) for i in x])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_jitter_in_every_order(height, width, generator):
    orders = torch.tensor(list(itertools.permutations(range(4))))
    x = images(height, width, batch=len(orders))
    view = ColorJitter(0.8, 0.8, 0.8, 0.2)
    params = {**view.sample(x, generator), "order": orders}
    functions = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
    factors = [params[name].tolist() for name in ("brightness", "contrast", "saturation", "hue")]
    theirs = []
    for row, image in enumerate(x):
        for change in orders[row].tolist():
            image = functions[change](image, factors[change][row])
        theirs.append(image)
    assert_equal(view.transform(x, params), theirs)


@pytest.mark.parametrize("hue", [-0.5, -1 / 3, -0.2, 0.0, 1 / 6, 0.3, 0.5])
def test_hue_alone(hue):
    x = images(33, 47)
    one, order = torch.ones(len(x)), torch.arange(4).expand(len(x), -1)
    params = {"brightness": one, "contrast": one, "saturation": one, "hue": hue * one, "order": order}
    assert_equal(ColorJitter().transform(x, params), [F.adjust_hue(i, hue) for i in x])


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_blur(height, width, fraction, generator):
    x = images(height, width)
    view = GaussianBlur((0.1, 2.0), fraction)
    params = view.sample(x, generator)
    taps = 2 * max(1, int(fraction * min(height, width) / 2)) + 1
    theirs = [F.gaussian_blur(i, [taps, taps], [s, s]) for i, s in zip(x, params["sigma"].tolist(), strict=True)]
    assert_equal(view.transform(x, params), theirs)


@pytest.mark.parametrize(("size", "taps"), [(32, 3), (96, 9), (128, 13), (224, 23)])
def test_blur_has_as_many_taps_as_the_published_code(size, taps):
    """An impulse spreads over as many pixels as the kernel has taps: 2 ⌊(size // 10) / 2⌋ + 1."""
    x = torch.zeros(1, 3, size, size)
    x[:, :, size // 2, size // 2] = 1
    y = GaussianBlur().transform(x, {"sigma": torch.tensor([50.0])})
    assert (y[0, 0, size // 2] > 0).sum() == taps


def test_solarize(generator):
    x = images(33, 47)
    view = Solarize((0.0, 1.0))
    params = view.sample(x, generator)
    assert_equal(
        view.transform(x, params), [F.solarize(i, t) for i, t in zip(x, params["threshold"].tolist(), strict=True)]
    )


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_erasing(height, width, generator):
    x = images(height, width)
    view = Erasing(value=0.25)
    params = view.sample(x, generator)
    pixels = (params["box"] * torch.tensor([height, width, height, width])).round().int().tolist()
    theirs = [F.erase(i, *p, v=torch.tensor(0.25)) for i, p in zip(x, pixels, strict=True)]
    assert_equal(view.transform(x, params), theirs)
