"""Each corruption against a slow rendering of its formula, by other libraries' means."""

import colorsys
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from vision.corruptions import CORRUPTIONS
from vision.corruptions.blurs import disk, glass_sources
from vision.corruptions.digital import affine_places
from vision.corruptions.filters import convolve, gaussian_matrix, motion_blur, plasma, warp, zoom_matrix

SCALES = ("imagenet", "cifar")


def array(image):
    return image.permute(1, 2, 0).double().numpy()


@pytest.mark.parametrize("sigma", [0.05, 0.7, 1.5, 40])
@pytest.mark.parametrize(("border", "mode", "truncate"), [("clamp", "nearest", 4.0), ("reflect", "reflect", 3.0)])
def test_gaussian_matrix_is_scipys_filter(sigma, border, mode, truncate, photographs):
    x = photographs[32][0, 0].double()
    ours = gaussian_matrix(32, sigma, truncate, border, x) @ x
    expected = ndimage.gaussian_filter1d(x.numpy(), sigma, axis=0, mode=mode, truncate=truncate)
    torch.testing.assert_close(ours, torch.from_numpy(expected), atol=1e-10, rtol=0)


def scipy_zoom(image, factor):
    """The center of a square image, enlarged and trimmed on both sides alike."""
    size = image.shape[0]
    cut = int(np.ceil(size / factor))
    top = (size - cut) // 2
    zoomed = ndimage.zoom(image[top : top + cut, top : top + cut], (factor, factor, 1), order=1)
    trim = (zoomed.shape[0] - size) // 2
    return zoomed[trim : trim + size, trim : trim + size]


@pytest.mark.parametrize("factor", [1, 1.01, 1.15, 1.3, 2.5, 4.5])
def test_zoom_matrix_is_scipys_zoom(factor, photographs):
    x = photographs[96][0].double()
    matrix = zoom_matrix(96, factor, x)
    expected = scipy_zoom(array(x), factor)
    np.testing.assert_allclose(array(matrix @ x @ matrix.T), expected, atol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("severity", [1, 5])
def test_zoom_blur_is_the_mean_of_zooms(scale, severity, photographs):
    x = photographs[96][:1]
    factors = {
        ("imagenet", 1): np.arange(1, 1.11, 0.01),
        ("imagenet", 5): np.arange(1, 1.31, 0.03),
        ("cifar", 1): np.arange(1, 1.06, 0.01),
        ("cifar", 5): np.arange(1, 1.26, 0.01),
    }[scale, severity]
    expected = np.mean([array(x[0]), *(scipy_zoom(array(x[0]), factor) for factor in factors)], axis=0)
    np.testing.assert_allclose(array(CORRUPTIONS["zoom_blur"](severity, scale)(x)[0]), expected, atol=1e-5)


@pytest.mark.parametrize(("radius", "sigma"), [(3, 1.0), (20, 15.0)])
@pytest.mark.parametrize("angle", [-135.0, -45.0, -20.0, 0.0, 33.0])
def test_motion_blur_is_the_loop(radius, sigma, angle, photographs):
    x = array(photographs[32][0])
    weights = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    expected = np.zeros_like(x)
    for i, weight in enumerate(weights):
        down = -int(np.ceil(i * np.sin(np.deg2rad(angle)) - 0.5))
        right = -int(np.ceil(i * np.cos(np.deg2rad(angle)) - 0.5))
        if abs(down) >= 32 or abs(right) >= 32:
            break
        rows, columns = np.clip(np.arange(32) - down, 0, 31), np.clip(np.arange(32) - right, 0, 31)
        expected += weight * x[rows][:, columns]
    ours = motion_blur(photographs[32][:1].double(), torch.tensor([angle]), radius, sigma)
    np.testing.assert_allclose(array(ours[0]), expected, atol=1e-9)


@pytest.mark.parametrize(("radius", "softness"), [(1, 0.2), (3, 0.1), (10, 0.5)])
def test_convolution_is_scipys(radius, softness, photographs):
    x = photographs[32][:2].double()
    kernel = disk(radius, softness)
    expected = ndimage.convolve(x.numpy(), kernel.numpy()[None, None], mode="mirror")
    np.testing.assert_allclose(convolve(x, kernel).numpy(), expected, atol=1e-9)


def test_glass_copies_pixel_by_pixel(generator):
    height, width, reach, rounds = 7, 9, 2, 3
    num_visits = (height - 2 * reach) * (width - 2 * reach)
    offset = torch.randint(-reach, reach, (1, rounds, num_visits, 2), generator=generator)
    expected = np.arange(height * width).reshape(height, width)
    for i in range(rounds):
        visit = iter(offset[0, i].tolist())
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                down, right = next(visit)
                expected[row, column] = expected[row + down, column + right]
    assert glass_sources(offset, height, width, reach).tolist() == [expected.ravel().tolist()]


def test_plasma_is_the_loop(generator):
    size, decay = 8, 1.7
    noise = torch.rand(1, size, size, generator=generator, dtype=torch.float64) * 2 - 1
    height, wibble, step = np.zeros((size, size)), 100.0, size
    while step >= 2:
        half = step // 2
        for diamonds in (False, True):
            for row in range(0, size, half):
                for column in range(0, size, half):
                    odd = row % step != 0, column % step != 0
                    if (all(odd) and not diamonds) or (any(odd) and not all(odd) and diamonds):
                        reach = [(half, half), (half, -half), (-half, half), (-half, -half)]
                        if diamonds:
                            reach = [(half, 0), (-half, 0), (0, half), (0, -half)]
                        around = sum(height[(row + down) % size, (column + right) % size] for down, right in reach)
                        height[row, column] = around / 4 + wibble**2 * noise[0, row, column]
        step, wibble = half, wibble / decay
    height = (height - height.min()) / (height.max() - height.min())
    np.testing.assert_allclose(plasma(noise, decay)[0].numpy(), height, atol=1e-12)


@pytest.mark.parametrize(("border", "mode"), [("reflect", "reflect"), ("mirror", "mirror")])
def test_warp_is_scipys_map_coordinates(border, mode, photographs, generator):
    x = photographs[32][:1].double()
    places = torch.rand(2, 1, 32, 32, generator=generator, dtype=torch.float64) * 60 - 14
    expected = [ndimage.map_coordinates(channel.numpy(), places[:, 0].numpy(), order=1, mode=mode) for channel in x[0]]
    torch.testing.assert_close(warp(x, *places, border)[0], torch.from_numpy(np.stack(expected)), atol=1e-9, rtol=0)


def test_the_affine_map_takes_the_corners_where_it_should(generator):
    moves = 3 * torch.randn(2, 3, 2, generator=generator, dtype=torch.float64)
    row, column = affine_places(moves, 32, 32)
    corners = torch.tensor([[26, 26], [26, 6], [6, 6]])
    for i in range(2):
        points = (corners + moves[i]).numpy()[:, ::-1].T
        found = [ndimage.map_coordinates(axis[i].numpy(), points, order=1, mode="nearest") for axis in (column, row)]
        inside = (points >= 0).all(0) & (points <= 31).all(0)
        np.testing.assert_allclose(np.stack(found, 1)[inside], corners.numpy()[inside], atol=1e-9)
        assert inside.sum() >= 2


def test_elastic_without_corners_moved_is_a_displacement(photographs, generator):
    x = photographs[96][:1]
    view = CORRUPTIONS["elastic_transform"](3, "imagenet")
    params = view.sample(x, generator)
    params["corners"].zero_()
    unit = 96 * 244 / 224
    right, down = (
        0.05 * unit * ndimage.gaussian_filter(n.double().numpy(), 0.01 * unit, mode="reflect", truncate=3)
        for n in params["noise"][0]
    )
    row, column = np.mgrid[:96, :96]
    expected = [
        ndimage.map_coordinates(c.numpy(), [row + down, column + right], order=1, mode="reflect") for c in x[0].double()
    ]
    np.testing.assert_allclose(view.transform(x, params)[0].numpy(), np.stack(expected), atol=1e-4)


@pytest.mark.parametrize("scale", SCALES)
def test_brightness_is_colorsys(scale, photographs):
    x = photographs[32][:1].clone()
    x[0, :, 0, 0] = 0
    amount = {"imagenet": 0.3, "cifar": 0.15}[scale]
    expected = np.empty((32, 32, 3))
    for index in np.ndindex(32, 32):
        hue, saturation, value = colorsys.rgb_to_hsv(*array(x[0])[index])
        expected[index] = colorsys.hsv_to_rgb(hue, saturation, min(1, value + amount))
    np.testing.assert_allclose(array(CORRUPTIONS["brightness"](3, scale)(x)[0]), expected, atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_pixelate_is_pillows_within_rounding(scale, severity, photographs):
    x = photographs[96][0]
    c = CORRUPTIONS["pixelate"].CONSTANTS[scale][severity - 1]
    image = Image.fromarray((array(x) * 255).round().astype(np.uint8))
    image = image.resize((int(96 * c),) * 2, Image.Resampling.BOX).resize((96, 96), Image.Resampling.BOX)
    ours = array(CORRUPTIONS["pixelate"](severity, scale)(x[None])[0]) * 255
    np.testing.assert_allclose(ours, np.asarray(image), atol=1.6)


@pytest.mark.parametrize("severity", [1, 5])
def test_jpeg_is_pillows(severity, photographs):
    x = photographs[96][0]
    file = BytesIO()
    image = Image.fromarray((array(x) * 255).round().astype(np.uint8))
    image.save(file, "JPEG", quality=CORRUPTIONS["jpeg_compression"].CONSTANTS["imagenet"][severity - 1])
    ours = array(CORRUPTIONS["jpeg_compression"](severity, "imagenet")(x[None])[0]) * 255
    np.testing.assert_allclose(ours, np.asarray(Image.open(file)), atol=1e-4)


def test_the_disk_sums_to_one_and_is_round():
    for radius, softness in CORRUPTIONS["defocus_blur"].CONSTANTS["imagenet"]:
        kernel = disk(radius, softness)
        assert kernel.sum() == pytest.approx(1, abs=0.02)
        torch.testing.assert_close(kernel, kernel.T)
        torch.testing.assert_close(kernel, kernel.flip(0))
        assert len(kernel) // 2 in (radius, radius + 1, radius + 2)


def test_shot_noise_has_poisson_moments():
    x = torch.full((1, 1, 200, 200), 0.4)
    y = CORRUPTIONS["shot_noise"](1, "imagenet")(x, torch.Generator().manual_seed(0))
    assert y.mean() == pytest.approx(0.4, abs=3e-3)
    assert y.var() == pytest.approx(0.4 / 60, rel=0.05)
    assert torch.equal((y * 60).round() / 60, y)


def test_impulse_noise_hits_as_often_as_it_says():
    x = torch.full((1, 3, 100, 100), 0.4)
    y = CORRUPTIONS["impulse_noise"](5, "imagenet")(x, torch.Generator().manual_seed(0))
    assert (y == 0).float().mean() == pytest.approx(0.135, abs=0.01)
    assert (y == 1).float().mean() == pytest.approx(0.135, abs=0.01)
    assert (y == 0.4).float().mean() == pytest.approx(0.73, abs=0.015)


def test_frost_crops_a_photograph(tmp_path, photographs, generator):
    Image.fromarray((array(photographs[96][1]) * 255).round().astype(np.uint8)).save(tmp_path / "frost.png")
    x = torch.zeros(2, 3, 32, 32)
    view = CORRUPTIONS["frost"](1, "imagenet", photographs=str(tmp_path))
    y = view(x, generator) / 0.4
    crops = photographs[96][1].unfold(1, 32, 1).unfold(2, 32, 1).permute(1, 2, 0, 3, 4).reshape(-1, 3, 32, 32)
    for image in y:
        assert (crops - image).abs().amax(dim=(1, 2, 3)).min() < 1e-5
    with pytest.raises(ValueError, match="there is no folder"):
        CORRUPTIONS["frost"](1, photographs=str(tmp_path / "none"))
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="no photographs of frost"):
        CORRUPTIONS["frost"](1, photographs=str(tmp_path / "none"))
    with pytest.raises(ValueError, match="fewer than the images"):
        CORRUPTIONS["frost"](1, "cifar", photographs=str(tmp_path))(x, generator)


def test_fog_keeps_the_brightest_value_in_reach(photographs, generator):
    x = photographs[32] * 0.6
    y = CORRUPTIONS["fog"](5)(x, generator)
    assert (y.amax(dim=(1, 2, 3)) <= x.amax(dim=(1, 2, 3)) + 1e-6).all()
    assert y.std() < x.std()
