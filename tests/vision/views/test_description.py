"""Descriptors of image views, entry by entry: what each number says, and that no two draws differ by more than 1."""

import math

import pytest
import torch
from torch import tensor

from viewlearn.views import map_params
from vision import (
    ColorJitter,
    Erasing,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomConvolution,
    RandomResizedCrop,
    Solarize,
    presets,
)
from vision.image_sets.views import Illumination, RotateAndScale
from vision.superimposed.planes import RedrawOverlay
from vision.video.views import PickRegion

BOXES = {"box": tensor([[0.0, 0.0, 1.0, 1.0], [0.25, 0.5, 0.5, 0.25]])}
JITTER = {
    "brightness": tensor([1.0, 1.8]),
    "contrast": tensor([1.0, 0.2]),
    "saturation": tensor([1.0, 1.4]),
    "hue": tensor([0.0, -0.1]),
    "order": tensor([[0, 1, 2, 3], [3, 0, 2, 1]]),  # brightness first; hue, brightness, saturation, contrast
}
KERNEL = {"mix": tensor([0.0, 0.7]), "size": tensor([0, 2]), "kernel": torch.zeros(2, 3, 3, 7, 7)}
TURNS = {"turns": tensor([0, 1, 2, 3])}
LIGHT = {"direction": tensor([90]), "slope": tensor([0.8]), "warmth": tensor([-1]), "exposure": tensor([1.5])}
CASES = {
    "crop": (RandomResizedCrop(8), BOXES, [[0, 0, 0, 0], [0, 0.125, -0.5, -0.75]]),
    "erasing": (Erasing(), BOXES, [[0, 0, 1, 1], [0, 0.125, 0.5, 0.25]]),
    "flip": (HorizontalFlip(), {"flipped": tensor([False, True])}, [[0], [1]]),
    "rotation": (QuarterRotation(), TURNS, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    "jitter": (
        ColorJitter(0.8, 0.8, (0.5, 1.5), 0.2),
        JITTER,
        [[0, 0, 0, 0, 0, 1 / 3, 2 / 3, 1], [0.5, -0.5, 0.4, -0.25, 1 / 3, 1, 2 / 3, 0]],
    ),
    "blur": (GaussianBlur((0.1, 2.0)), {"sigma": tensor([2.0, 0.5])}, [[1], [0.25]]),
    "texture": (RandomConvolution((1, 3, 7)), KERNEL, [[0, 1, 0, 0], [0.7, 0, 0, 1]]),
    "solarize": (Solarize((0.2, 0.8)), {"threshold": tensor([1.0, 0.3])}, [[0], [0.7]]),
    "gray": (Grayscale(), {}, [[]]),
    "rotate_and_scale": (
        RotateAndScale(),
        {"angle": tensor([0.0, 90.0, -180.0]), "scale": tensor([1.0, 2.0, math.sqrt(0.5)])},
        [[0, 0, 0], [0.5, -0.5, 0.5], [0, -1, -0.25]],
    ),
    "illumination": (Illumination(), LIGHT, [[0, 0.5, -0.5, 0.5]]),
    "overlay": (
        RedrawOverlay(channels=3),
        {"redraw": tensor([True, False]), "donor": tensor([3, 4])},
        [[1], [0]],
    ),
    "region": (PickRegion(), {"region": tensor([0, 1])}, [[0], [1]]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_number_says_what_its_docstring_does(name):
    view, params, expected = CASES[name]
    numbers = view.describe(params)
    assert numbers.dtype == torch.float32
    torch.testing.assert_close(numbers, tensor(expected, dtype=torch.float32), rtol=0, atol=1e-6)


DRAWN = {name: case[0] for name, case in CASES.items() if case[1]}
DRAWN |= {"simclr": presets.SimCLRViews(8, blur=True), "looc": presets.LooCViews(8, texture=True, blur=True)}


@pytest.mark.parametrize("name", DRAWN)
def test_draws_differ_by_1_at_most_in_each_number(name, generator):
    view, x = DRAWN[name], torch.zeros(500, 3, 16, 16)
    params = view.sample(x, generator)
    numbers = view.describe(params)
    assert len(numbers) == len(x) and numbers.isfinite().all()
    assert (numbers.amax(0) - numbers.amin(0)).max() <= 1 + 1e-6
    halves = map_params(lambda value: value[:250], params)
    assert torch.equal(view.describe(halves), numbers[:250])  # of each sample by itself
