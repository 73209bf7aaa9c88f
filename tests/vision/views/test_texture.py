import pytest
import torch
import torch.nn.functional as F

from viewlearn.views import select
from vision import RandomConvolution


def images(generator, batch=6, size=12, dtype=torch.float32):
    return torch.rand(batch, 3, size, size, generator=generator, dtype=dtype)


def test_equals_one_convolution_per_image(generator):
    view, x = RandomConvolution((1, 3, 7)), images(generator, 20, dtype=torch.float64)
    params = {name: v.double() if v.is_floating_point() else v for name, v in view.sample(x, generator).items()}
    assert set(params["size"].tolist()) == {0, 1, 2}
    y = view.transform(x, params)
    for i, image in enumerate(x):
        size = (1, 3, 7)[params["size"][i]]
        start = (7 - size) // 2
        kernel = params["kernel"][i, :, :, start : start + size, start : start + size] / (3 * size**2) ** 0.5
        filtered = F.conv2d(F.pad(image[None], [size // 2] * 4, mode="reflect"), kernel)[0]
        for channel in range(3):
            f, c = filtered[channel], image[channel]
            new = (f - f.mean()) / (f.std(correction=0) + 1e-6) * c.std(correction=0) + c.mean()
            expected = ((1 - params["mix"][i]) * c + params["mix"][i] * new).clamp(0, 1)
            torch.testing.assert_close(y[i, channel], expected)


def test_without_mix_nothing_changes(generator):
    x = images(generator)
    torch.testing.assert_close(RandomConvolution(mix=(0.0, 0.0))(x, generator), x)


def test_mean_and_contrast_of_each_channel_stay(generator):
    x = 0.5 + 0.05 * (images(generator) - 0.5)  # far from the clamp
    y = RandomConvolution(mix=(1.0, 1.0))(x, generator)
    assert (y - x).abs().max() > 0.02
    torch.testing.assert_close(y.mean((2, 3)), x.mean((2, 3)), rtol=0, atol=1e-4)
    torch.testing.assert_close(y.std((2, 3)), x.std((2, 3)), rtol=1e-3, atol=1e-4)


def test_outlines_stay_where_they_are(generator):
    """A step between two flat halves stays flat away from the step, up to the kernel's reach."""
    x = torch.full((8, 3, 16, 16), 0.3)
    x[..., 8:] = 0.7
    y = RandomConvolution((5,), mix=(1.0, 1.0))(x, generator)
    for flat in (y[..., :6], y[..., 10:]):
        assert (flat.amax((2, 3)) - flat.amin((2, 3))).max() < 1e-4


def test_rows_are_independent_and_gradients_finite(generator):
    view, x = RandomConvolution(), images(generator, dtype=torch.float64).requires_grad_()
    params = view.sample(x, generator)
    y = view.transform(x, params)
    rows = torch.tensor([4, 1])
    torch.testing.assert_close(view.transform(x[rows], select(params, rows)), y[rows])
    y.sum().backward()
    assert x.grad.isfinite().all()
    flat = torch.full((2, 3, 8, 8), 0.5, requires_grad=True)
    view(flat, generator).sum().backward()
    assert flat.grad.isfinite().all()


def test_half_precision_and_range(generator):
    y = RandomConvolution()(images(generator).bfloat16(), generator)
    assert y.dtype == torch.bfloat16
    assert 0 <= y.min() <= y.max() <= 1


def test_bad_arguments_are_named(generator):
    with pytest.raises(ValueError, match=r"sizes are \(2,\)"):
        RandomConvolution((2,))
    with pytest.raises(ValueError, match="sizes are"):
        RandomConvolution(())
    with pytest.raises(ValueError, match="mix is"):
        RandomConvolution(mix=(0.0, 1.5))
    with pytest.raises(ValueError, match="3×3 are too small for kernels of 7"):
        RandomConvolution()(images(generator, size=3), generator)
