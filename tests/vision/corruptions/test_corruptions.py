"""What holds for every corruption."""

import pytest
import torch

from viewlearn.views import select
from vision.corruptions import CORRUPTIONS, imagenet_c

EVERY = list(CORRUPTIONS)
WITHOUT_DRAWS = {"defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression"}
WITHOUT_GRADIENT = {"shot_noise", "jpeg_compression"}


def test_they_are_the_benchmarks_fifteen():
    assert len(EVERY) == 15
    assert all(set(cls.CONSTANTS) == {"imagenet", "cifar"} for cls in CORRUPTIONS.values())
    assert all(len(constants) == 5 for cls in CORRUPTIONS.values() for constants in cls.CONSTANTS.values())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("size", [32, 96])
def test_images_stay_images_and_are_changed(name, size, photographs, generator):
    x = photographs[size]
    y = CORRUPTIONS[name](3)(x, generator)
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert y.min() >= 0
    assert y.max() <= 1
    assert (y - x).abs().mean() > 2e-3


@pytest.mark.parametrize("name", EVERY)
def test_equal_draws_give_equal_images_and_samples_are_independent(name, photographs, generator):
    x = photographs[32].double()
    view = CORRUPTIONS[name](4)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    assert torch.equal(view.transform(x, params), y)
    index = torch.tensor([2, 0])
    torch.testing.assert_close(view.transform(x[index], select(params, index)), y[index])
    assert (set(params) == set()) == (name in WITHOUT_DRAWS)
    if params:
        same = x[:1].expand(2, -1, -1, -1)
        assert not torch.equal(*view(same, generator))


@pytest.mark.parametrize("name", EVERY)
def test_more_severe_is_further_from_the_image(name, photographs):
    x = photographs[96]
    far = [
        (CORRUPTIONS[name](severity, "imagenet")(x, torch.Generator().manual_seed(0)) - x).abs().mean().item()
        for severity in (1, 5)
    ]
    assert far[0] < far[1] or name in ("elastic_transform", "glass_blur", "snow")


@pytest.mark.parametrize("name", EVERY)
def test_gray_images_are_corrupted_too(name, photographs, generator):
    x = photographs[32][:, :1]
    y = CORRUPTIONS[name](3)(x, generator)
    assert y.shape == x.shape
    assert not torch.equal(x, y)


@pytest.mark.parametrize("name", sorted(set(EVERY) - WITHOUT_GRADIENT))
def test_differentiable_in_the_image(name, photographs, generator):
    x = photographs[32].clone().requires_grad_()
    CORRUPTIONS[name](2)(x, generator).square().sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"shot_noise"}))  # whose counts follow the exact rates
def test_half_precision(name, photographs):
    x = photographs[32]
    view = CORRUPTIONS[name](3)
    params = view.sample(x, torch.Generator().manual_seed(0))
    y = view.transform(x.bfloat16(), params)
    assert y.dtype == torch.bfloat16
    assert (y.float() - view.transform(x, params)).abs().mean() < 0.02


def test_constants_depend_on_the_size_unless_told(photographs):
    contrast = CORRUPTIONS["contrast"]
    assert contrast(5).constants(photographs[32]) == 0.15
    assert contrast(5).constants(photographs[96]) == 0.05
    assert contrast(5, "imagenet").constants(photographs[32]) == 0.05


def test_all_of_them_at_several_severities():
    views = imagenet_c((1, 5), "cifar")
    assert list(views) == EVERY
    assert all([view.severity for view in pair] == [1, 5] for pair in views.values())
    assert all(type(view) is CORRUPTIONS[name] and view.scale == "cifar" for name in views for view in views[name])


def test_bad_input_is_named(photographs):
    with pytest.raises(ValueError, match="severity is 6"):
        CORRUPTIONS["fog"](6)
    with pytest.raises(ValueError, match="scale is 'mnist'"):
        CORRUPTIONS["fog"](1, "mnist")
    with pytest.raises(ValueError, match="1 or 3 channels; x has 2"):
        CORRUPTIONS["fog"](1)(photographs[32][:, :2])
    with pytest.raises(ValueError, match="decode integers"):
        CORRUPTIONS["fog"](1)(photographs[32].byte())
