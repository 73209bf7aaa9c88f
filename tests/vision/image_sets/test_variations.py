"""Synthetic variations: what each strength really does to an image."""

import pytest
import torch

from viewlearn.evaluation.invariance import vary
from vision.image_sets import Illumination, RotateAndScale, synthetic_variations

VARIATIONS = synthetic_variations()


def smooth(num: int = 3, size: int = 16) -> torch.Tensor:
    coarse = torch.rand(num, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, size, mode="bicubic").clamp(0.05, 0.95)


@pytest.mark.parametrize("name", VARIATIONS)
def test_neutral_value_is_among_the_values_and_changes_nothing(name, generator):
    variation, values, neutral = VARIATIONS[name]
    assert neutral in [pytest.approx(value) for value in values]
    assert len(set(values)) == len(values) >= 3
    x = smooth()
    if name != "illumination direction":
        assert torch.allclose(variation(x, neutral, generator), x, atol=1e-5)


@pytest.mark.parametrize("name", VARIATIONS)
def test_every_value_gives_another_image_in_range(name):
    variation, values, _ = VARIATIONS[name]
    x = smooth()
    samples, _ = vary(x, torch.arange(3), variation, values)
    assert samples.min() >= -1e-6  # a weighted mean of values in range may leave it by float32's rounding
    assert samples.max() <= 1 + 1e-6
    images = samples.view(3, len(values), -1)
    distance = torch.cdist(images, images) + torch.eye(len(values))
    assert distance.min() > 1e-2


@pytest.mark.parametrize("angle, turns", [(90.0, 1), (180.0, 2), (-90.0, 3)])
@pytest.mark.parametrize("shape", [(16, 16)])
def test_rotation_by_quarter_turns_is_exact(angle, turns, shape):
    x = torch.rand(2, 3, *shape)
    params = {"angle": torch.full((2,), angle), "scale": torch.ones(2)}
    assert torch.allclose(RotateAndScale().transform(x, params), x.rot90(turns, (2, 3)), atol=1e-4)


def test_scale_two_enlarges_the_center():
    x = smooth()
    params = {"angle": torch.zeros(3), "scale": torch.full((3,), 2.0)}
    enlarged = RotateAndScale().transform(x, params)
    center = torch.nn.functional.interpolate(x[:, :, 4:12, 4:12], 16, mode="bilinear")
    assert torch.allclose(enlarged[:, :, 2:-2, 2:-2], center[:, :, 2:-2, 2:-2], atol=1e-4)


def test_rotation_keeps_shapes_in_images_that_are_not_square():
    """A disc stays a disc at any angle: half the width and half the height aren't the same unit."""
    down, across = torch.meshgrid(torch.arange(20) - 9.5, torch.arange(40) - 19.5, indexing="ij")
    disc = torch.sigmoid(4 - (down.square() + across.square()).sqrt()).expand(1, 3, 20, 40)
    params = {"angle": torch.tensor([30.0]), "scale": torch.ones(1)}
    assert (RotateAndScale().transform(disc, params) - disc).abs().max() < 0.05


def test_occlusion_covers_the_area_it_says(generator):
    variation, _, _ = VARIATIONS["occlusion"]
    covered = (variation(torch.ones(50, 3, 20, 20), 0.5, generator) == 0.5).float().mean(dim=(1, 2, 3))
    assert torch.allclose(covered, torch.full((50,), 0.25), atol=0.03)


def test_light_from_the_right_brightens_the_right():
    params = {"direction": 0.0, "slope": 0.5, "warmth": 0.0, "exposure": 1.0}
    x = torch.full((1, 3, 8, 8), 0.5)
    lit = Illumination().transform(x, {name: torch.tensor([value]) for name, value in params.items()})
    assert (lit[..., -1] > 0.7).all()
    assert (lit[..., 0] < 0.3).all()
    assert lit.mean() == pytest.approx(0.5, abs=1e-3)
