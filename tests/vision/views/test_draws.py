"""What the views draw: distributions as published, and boxes that end anywhere."""

import math

import pytest
import torch
from torchvision.transforms import v2

from vision import ColorJitter, Erasing, GaussianBlur, HorizontalFlip, QuarterRotation, RandomResizedCrop

MANY = 20_000


def nothing(height=32, width=32, batch=MANY):
    """Images of a shape that take no memory: sampling reads nothing else."""
    return torch.empty(1).expand(batch, 3, height, width)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (96, 64)])
def test_boxes_are_distributed_as_torchvisions(height, width, generator):
    box = RandomResizedCrop(8).sample(nothing(height, width), generator)["box"]
    pixels = box * torch.tensor([height, width, height, width])
    torch.manual_seed(0)  # torchvision draws from the global generator
    image = torch.empty(3, height, width)
    drawn = [v2.RandomResizedCrop(8).make_params([image]) for _ in range(4_000)]
    theirs = torch.tensor([[each[key] for key in KEYS] for each in drawn]).float()
    for power in (1, 2):  # means and second moments, in pixels: within four standard errors
        ours_p, theirs_p = pixels**power, theirs**power
        error = theirs_p.std(dim=0) * math.sqrt(1 / len(theirs) + 1 / MANY)
        assert ((ours_p.mean(dim=0) - theirs_p.mean(dim=0)).abs() < 4 * error).all()


KEYS = ("top", "left", "height", "width")


@pytest.mark.parametrize("shape", [(32, 32), (5, 7), (8, 64), (64, 8), (1, 1)])
@pytest.mark.parametrize("ratio", [(3 / 4, 4 / 3), (0.9, 1.1), (1.5, 2.0)])
def test_boxes_lie_inside_between_whole_pixels(shape, ratio, generator):
    box = RandomResizedCrop(8, ratio=ratio).sample(nothing(*shape, batch=2_000), generator)["box"]
    pixels = (box * torch.tensor([*shape, *shape])).double()
    assert torch.allclose(pixels, pixels.round(), atol=1e-4)
    top, left, height, width = pixels.round().unbind(1)
    assert (top >= 0).all() and (left >= 0).all() and (height >= 1).all() and (width >= 1).all()
    assert (top + height <= shape[0]).all() and (left + width <= shape[1]).all()


def test_a_box_that_cannot_fit_is_central_and_as_large_as_its_ratio_allows(generator):
    box = RandomResizedCrop(8, scale=(1.0, 1.0), ratio=(1.0, 1.0)).sample(nothing(20, 60, batch=5), generator)["box"]
    expected = torch.tensor([0.0, 20 / 60, 1.0, 20 / 60])
    torch.testing.assert_close(box, expected.expand(5, 4))


def test_every_place_of_a_box_is_as_likely(generator):
    view = RandomResizedCrop(8, scale=(0.25, 0.25), ratio=(1.0, 1.0))
    top = (view.sample(nothing(8, 8), generator)["box"][:, 0] * 8).round().long()
    counts = top.bincount(minlength=5).float() / MANY
    torch.testing.assert_close(counts, torch.full((5,), 0.2), rtol=0, atol=0.015)


@pytest.mark.parametrize("fraction", [0.3, 0.303, 0.35])
def test_a_box_that_ends_inside_pixels_weighs_them_by_their_overlap(fraction):
    """One output pixel over the whole box, as wide as the box: a triangle-weighted mean with partial end pixels."""
    x = torch.rand(1, 3, 1, 10, dtype=torch.float64)
    start, length = fraction * 10, 4.0
    y = RandomResizedCrop((1, 1)).transform(x, {"box": torch.tensor([[0, fraction, 1, 0.4]]).double()})
    weights = []
    for pixel in range(10):
        overlap = max(0.0, min(pixel + 1, start + length) - max(pixel, start))
        weights.append(max(0.0, 1 - abs(pixel + 0.5 - start - length / 2) / length) * overlap)
    weights = torch.tensor(weights, dtype=torch.float64)
    torch.testing.assert_close(y[0, :, 0, 0], x[0, :, 0] @ weights / weights.sum(), rtol=0, atol=1e-7)


def test_the_whole_image_is_left_alone():
    x = torch.rand(2, 3, 9, 13)
    y = RandomResizedCrop((9, 13)).transform(x, {"box": torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(2, 4)})
    torch.testing.assert_close(y, x)


def test_jitter_draws_uniform_factors_and_every_order(generator):
    params = ColorJitter(0.8, 1.5, (0.5, 0.6), 0.2).sample(nothing(), generator)
    limits = {"brightness": (0.2, 1.8), "contrast": (0.0, 2.5), "saturation": (0.5, 0.6), "hue": (-0.2, 0.2)}
    for name, (low, high) in limits.items():
        assert params[name].min() >= low and params[name].max() <= high
        assert abs(params[name].mean() - (low + high) / 2) < 4 * (high - low) / math.sqrt(12 * MANY)
    codes = (params["order"] * torch.tensor([64, 16, 4, 1])).sum(dim=1).unique(return_counts=True)[1]
    assert len(codes) == 24
    assert (codes - MANY / 24).abs().max() < 4.5 * math.sqrt(MANY / 24)


def test_flips_and_turns_have_their_probabilities(generator):
    assert abs(HorizontalFlip(0.3).sample(nothing(), generator)["flipped"].float().mean() - 0.3) < 0.015
    turns = QuarterRotation().sample(nothing(), generator)["turns"].bincount(minlength=4) / MANY
    torch.testing.assert_close(turns, torch.full((4,), 0.25), rtol=0, atol=0.015)


def test_sigma_and_erased_area_have_their_ranges(generator):
    sigma = GaussianBlur((0.1, 2.0)).sample(nothing(), generator)["sigma"]
    assert sigma.min() >= 0.1 and sigma.max() <= 2.0 and abs(sigma.mean() - 1.05) < 0.02
    box = Erasing((0.1, 0.2)).sample(nothing(96, 96), generator)["box"]
    area = box[:, 2] * box[:, 3]
    assert area.min() > 0.095 and area.max() < 0.205
