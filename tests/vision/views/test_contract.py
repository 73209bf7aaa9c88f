"""What every image view owes: the contract, on every float dtype, with gradients, and clear errors."""

import pytest
import torch
from casting import cuda_casting

from viewlearn.views import RandomApply, map_params, parts, select
from vision import (
    ColorJitter,
    Erasing,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomColorJitter,
    RandomConvolution,
    RandomResizedCrop,
    Solarize,
    presets,
)

VIEWS = {
    "crop": RandomResizedCrop(12),
    "flip": HorizontalFlip(),
    "rotation": QuarterRotation(),
    "jitter": ColorJitter(0.8, 0.8, 0.8, 0.2),
    "gray": Grayscale(),
    "blur": GaussianBlur(kernel_fraction=0.4),
    "solarize": Solarize((0.2, 0.8)),
    "erasing": Erasing(),
}


@pytest.fixture(params=VIEWS.values(), ids=VIEWS.keys())
def view(request):
    return request.param


def exact(params):
    """Parameters in float64, as images are where nothing is to be rounded."""
    return map_params(lambda value: value.double() if value.is_floating_point() else value, params)


def images(batch=6, height=14, width=14, dtype=torch.float32):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1)).to(dtype)


def test_same_generator_state_gives_the_same_view(view):
    x = images()
    first, second = (view(x, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)


def test_transform_is_pure_and_leaves_its_input_alone(view, generator):
    x = images()
    params = view.sample(x, generator)
    kept_x, kept_params = x.clone(), map_params(torch.clone, params)
    first = view.transform(x, params)
    first.mul_(0)
    assert torch.equal(x, kept_x)
    assert all(torch.equal(params[name], kept_params[name]) for name in params)
    assert view.transform(x, params).abs().sum() > 0


def test_rows_are_independent(view, generator):
    x = images(dtype=torch.float64)
    params = exact(view.sample(x, generator))
    whole = view.transform(x, params)
    for row in range(len(x)):
        one = slice(row, row + 1)
        torch.testing.assert_close(view.transform(x[one], select(params, one)), whole[one])


def test_sample_reads_no_values_and_every_parameter_is_per_sample(view):
    x = images()
    params, others = (view.sample(y, torch.Generator().manual_seed(3)) for y in (x, torch.zeros_like(x)))
    for name in params:
        assert torch.equal(params[name], others[name])
        assert len(params[name]) == len(x)


def test_output_has_the_shape_that_like_says_and_stays_in_range(view, generator):
    x = images()
    y = view(x, generator)
    assert y.shape == view.like(x).shape
    assert y.min() >= -1e-6 and y.max() <= 1 + 1e-6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_agree_with_float32(view, generator, dtype):
    x = images().to(dtype)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    assert y.dtype == dtype
    tolerance = {torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float64: 1e-5}[dtype]
    torch.testing.assert_close(y.float(), view.transform(x.float(), params), rtol=0, atol=tolerance)


DESIGNED = {
    **VIEWS,
    "texture": RandomConvolution(),
    "texture_sometimes": RandomApply(RandomConvolution(), 0.5),
    "jitter_sometimes": RandomColorJitter(ColorJitter(0.8, 0.8, 0.8, 0.2)),
    "simclr": presets.SimCLRViews(14, blur=True),
    "looc": presets.LooCViews(14, texture=True, blur=True),
}


@pytest.mark.parametrize("autocast", [lambda: torch.autocast("cpu", torch.bfloat16), cuda_casting])
@pytest.mark.parametrize("name", DESIGNED)
def test_autocast_changes_nothing(name, generator, autocast):
    view, x = DESIGNED[name], images()
    params = view.sample(x, generator)
    with autocast():
        cast = view.transform(x, params)
    assert cast.dtype == x.dtype
    assert torch.equal(cast, view.transform(x, params))


@pytest.mark.parametrize("name", DESIGNED)
def test_without_looking_at_draws_the_numbers_are_the_same(name, generator, monkeypatch):
    """As accelerators compute: all samples, and those that aren't hit are left."""
    view, x = DESIGNED[name], images(batch=24, dtype=torch.float64)
    params = exact(view.sample(x, generator))
    looking = view.transform(x, params)
    monkeypatch.setattr(parts, "on_host", lambda x: False)
    torch.testing.assert_close(view.transform(x, params), looking)
    torch.testing.assert_close(view.observe(x, params)[0], looking)


def few_pixels(name):
    """A view and images of few pixels, each of which is an input and an output of which derivatives are taken."""
    size = 6 if name == "crop" else 4
    return (RandomResizedCrop(5) if name == "crop" else VIEWS[name]), images(3, size, size, torch.float64)


@pytest.mark.parametrize("name", VIEWS)
def test_gradient_in_x(name, generator):
    view, x = few_pixels(name)
    params = view.sample(x, generator)
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: view.transform(x, params), (x,), eps=1e-7, atol=1e-5, fast_mode=False)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("jitter", p) for p in ("brightness", "contrast", "saturation", "hue")] + [("blur", "sigma"), ("crop", "box")],
)
def test_gradient_in_the_parameters(name, parameter, generator):
    view, x = few_pixels(name)
    params = exact(view.sample(x, generator))
    if name == "crop":  # away from whole pixels, where the overlap of pixel and box has a kink
        params["box"] = torch.tensor(
            [[0.11, 0.07, 0.52, 0.57], [0.2, 0.3, 0.43, 0.64], [0.03, 0.23, 0.91, 0.71]]
        ).double()
    value = params[parameter].requires_grad_()
    assert torch.autograd.gradcheck(
        lambda value: view.transform(x, {**params, parameter: value}), (value,), eps=1e-7, atol=1e-5, fast_mode=True
    )


def test_an_empty_batch_stays_empty(view, generator):
    x = images()[:0]
    assert view(x, generator).shape == view.like(x).shape


def test_hits_only_some_samples_inside_random_apply(view, generator):
    if view.like(images()).shape != images().shape:
        pytest.skip("RandomApply takes views that keep the shape")
    x = images(dtype=torch.float64)
    applied = RandomApply(view, 0.5)
    params = exact(applied.sample(x, generator))
    y = applied.transform(x, params)
    hit = params["applied"]
    assert torch.equal(y[~hit], x[~hit])
    torch.testing.assert_close(y[hit], view.transform(x, params["view"])[hit])


def test_integer_or_unbatched_images_are_refused(view, generator):
    x = images()
    params = view.sample(x, generator)
    with pytest.raises(ValueError, match="uint8"):
        view.transform((x * 255).byte(), params)
    with pytest.raises(ValueError, match="batch dimension"):
        view.transform(x[0], params)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomResizedCrop(), "needs a size"),
        (lambda: RandomResizedCrop(0), r"size is 0; it must lie in \[1, 16384\]"),
        (lambda: RandomResizedCrop(8, scale=(0.5, 1.5)), "scale"),
        (
            lambda: RandomResizedCrop(8, scale=(0.0, 1.0)),
            r"scale is \[0.0, 1.0\]; it must be \(smallest, largest\) within \(0, 1\]",
        ),
        (lambda: RandomResizedCrop(8, ratio=(2.0, 1.0)), "ratio"),
        (lambda: HorizontalFlip(1.5), r"1\.5"),
        (lambda: ColorJitter(brightness=-0.1), r"-0\.1"),
        (lambda: ColorJitter(contrast=(0.5, 0.2)), "contrast"),
        (lambda: ColorJitter(hue=0.6), "hue"),
        (lambda: GaussianBlur(sigma=(0.0, 1.0)), "sigma"),
        (lambda: GaussianBlur(kernel_fraction=0), "kernel_fraction"),
        (lambda: Solarize((0.5, 1.1)), "threshold"),
        (lambda: Erasing(scale=(0.1, 2.0)), "scale"),
        (lambda: Erasing(value=2.0), r"2\.0"),
        (lambda: QuarterRotation()(images(width=10)), "14×10"),
        (lambda: Grayscale()(images()[:, :1]), "3 channels"),
        (lambda: ColorJitter(0.4)(images()[:, :2]), "3 channels"),
    ],
)
def test_impossible_values_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("gray", [0.0, 0.4, 1.0])
def test_gray_pixels_keep_their_color_and_a_finite_gradient_under_a_change_of_hue(gray):
    """Their hue is undefined; the formula divides by a chroma of zero unless it takes care."""
    x = torch.full((2, 3, 4, 4), gray, requires_grad=True)
    one, order = torch.ones(2), torch.arange(4).expand(2, -1)
    params = {"brightness": one, "contrast": one, "saturation": one, "hue": 0.2 * one, "order": order}
    y = ColorJitter().transform(x, params)
    y.sum().backward()
    torch.testing.assert_close(y.detach(), x.detach())
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("size", [1, 5, (7, 3)])
def test_a_box_of_no_length_or_outside_the_image_is_the_nearest_pixel(size):
    x = torch.arange(80.0, dtype=torch.float64).view(1, 1, 8, 10).repeat(5, 3, 1, 1).requires_grad_()
    boxes = [[0.31, 0.57, 0, 0], [-2, 0.57, 1, 0], [1, 1, 0, 0], [3, -1, 0.5, 0.2], [-0.1, 2, 0.05, 1]]
    box = torch.tensor(boxes, dtype=torch.float64).requires_grad_()
    y = RandomResizedCrop(size).transform(x, {"box": box})
    nearest = torch.tensor([25.0, 5.0, 79.0, 70.0, 9.0], dtype=torch.float64)
    torch.testing.assert_close(y, nearest.view(-1, 1, 1, 1).expand_as(y))
    y.square().sum().backward()
    assert x.grad.isfinite().all() and box.grad.isfinite().all()


def test_a_box_is_cut_to_what_lies_inside_the_image():
    x = images(batch=2, dtype=torch.float64)
    partly = torch.tensor([[-0.25, 0.5, 0.75, 1.0], [0.5, -3.0, 0.8, 4.0]], dtype=torch.float64)
    inside = torch.tensor([[0.0, 0.5, 0.5, 0.5], [0.5, 0.0, 0.5, 1.0]], dtype=torch.float64)
    cut, whole = (RandomResizedCrop(9).transform(x, {"box": box}) for box in (partly, inside))
    torch.testing.assert_close(cut, whole, atol=1e-3, rtol=0)  # an end may exceed the border by a thousandth of a pixel
