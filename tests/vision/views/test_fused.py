"""Work that two views do at once is what they do one after the other, to the bit."""

import pytest
import torch

from viewlearn.views import RandomApply
from vision import ColorJitter, HorizontalFlip, RandomColorJitter, RandomResizedCrop
from vision.views.crop import resized_crop

JITTER = ColorJitter(0.8, 0.8, 0.8, 0.2)
SIZES = [(32, 64), (33, 20), (96, 16)]


@pytest.mark.parametrize(("size", "batch"), SIZES)
@pytest.mark.parametrize("probability", [0.0, 0.8, 1.0])
def test_a_random_color_jitter_is_a_jitter_that_is_randomly_applied(size, batch, probability, generator):
    fused, plain = RandomColorJitter(JITTER, probability), RandomApply(JITTER, probability)
    x = torch.rand(batch, 3, size, size + 7, generator=generator)
    params = fused.sample(x, generator.manual_seed(1))
    again = plain.sample(x, generator.manual_seed(1))
    assert torch.equal(params["applied"], again["applied"])
    assert all(torch.equal(value, again["view"][name]) for name, value in params["view"].items())
    gradients = []
    for view in (fused, plain):
        inputs = x.clone().requires_grad_()
        y = view.transform(inputs, params)
        assert torch.equal(y, plain.transform(x, params))
        gradients.append(torch.autograd.grad(y.square().sum(), inputs)[0])
    assert torch.equal(*gradients)


@pytest.mark.parametrize(("size", "batch"), SIZES)
def test_a_crop_that_flips_is_a_crop_and_a_flip(size, batch, generator):
    crop, flip = RandomResizedCrop((size, size + 3)), HorizontalFlip()
    x = torch.rand(batch, 3, size + 9, size, generator=generator)
    box, flipped = crop.sample(x, generator), flip.sample(x, generator)
    expected = flip.transform(crop.transform(x, box), flipped)
    assert torch.equal(resized_crop(x, box["box"], crop.size, mirrored=flipped["flipped"]), expected)


def test_a_random_color_jitter_needs_colors(generator):
    with pytest.raises(ValueError, match="3 channels"):
        RandomColorJitter(JITTER, 0.0)(torch.rand(2, 1, 8, 8), generator)
