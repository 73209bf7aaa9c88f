"""What several corruptions are made of: linear maps along an axis, warps, motion blur and fractal maps."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def gaussian_matrix(
    num: int, sigma: float, truncate: float, border: Literal["clamp", "reflect"], like: Tensor
) -> Tensor:
    """The (num, num) matrix of a Gaussian blur over one axis, of radius ⌊truncate · sigma + ½⌋ pixels.

    Beyond the border, ``clamp`` repeats the last pixel (d | d c b a), ``reflect`` mirrors including it (c d | d c b a),
    as often as the radius asks for.
    """
    radius = int(truncate * sigma + 0.5)
    offset = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weight = torch.exp(-0.5 * (offset / max(sigma, 1e-12)).square())
    source = torch.arange(num)[:, None] + offset.long()
    if border == "clamp":
        source = source.clamp(0, num - 1)
    else:
        source = source % (2 * num)
        source = torch.where(source >= num, 2 * num - 1 - source, source)
    matrix = torch.zeros(num, num, dtype=torch.float64)
    matrix.scatter_add_(1, source, (weight / weight.sum()).expand(num, -1))
    return matrix.to(like)


def along_axes(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Applies a matrix along each axis, rows @ x @ columnsᵀ: (…, height, width) → (…, new height, new width)."""
    with torch.autocast(x.device.type, enabled=False):
        return rows @ x @ columns.mT


def zoom_matrix(num: int, factor: float, like: Tensor) -> Tensor:
    """The (num, num) matrix that enlarges the center of an axis by ``factor``, linearly interpolated.

    The ⌈num / factor⌉ pixels in the middle become round(⌈num / factor⌉ · factor), the first on the first and the last
    on the last; of these the num in the middle are kept.
    """
    num_in = math.ceil(num / factor)
    num_out = round(num_in * factor)
    first = (num - num_in) // 2
    place = torch.arange(num, dtype=torch.float64) + (num_out - num) // 2
    place = first + place * ((num_in - 1) / max(num_out - 1, 1))
    pixels = torch.arange(num, dtype=torch.float64)
    return (1 - (place[:, None] - pixels).abs()).clamp(min=0).to(like)


def box_matrix(num_in: int, num_out: int, like: Tensor) -> Tensor:
    """The (num_out, num_in) matrix of resizing with a box filter: means over the pixels whose centers it covers."""
    scale = num_in / num_out
    center = (torch.arange(num_out, dtype=torch.float64)[:, None] + 0.5) * scale
    distance = (torch.arange(num_in, dtype=torch.float64) + 0.5 - center) / max(scale, 1.0)
    covered = ((distance > -0.5) & (distance <= 0.5)).double()
    return (covered / covered.sum(dim=1, keepdim=True)).to(like)


def warp(x: Tensor, row: Tensor, column: Tensor, border: Literal["reflect", "mirror"]) -> Tensor:
    """Reads x bilinearly at places (batch, height, width), in pixels.

    Beyond the border, ``reflect`` mirrors including the last pixel (c d | d c), ``mirror`` without it (c | d c).
    """
    height, width = x.shape[-2:]
    if border == "mirror":
        places = torch.stack([2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1], dim=-1)
    else:
        places = torch.stack([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1], dim=-1)
    return functional.grid_sample(x, places.to(x), padding_mode="reflection", align_corners=border == "mirror")


def convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """Convolves every channel with one symmetric kernel (taps, taps), taps odd, borders mirrored (c | d c).

    Large kernels are applied by Fourier transform.
    """
    height, width = x.shape[-2:]
    taps = len(kernel)
    padded = functional.pad(x, (taps // 2,) * 4, mode="reflect")
    if taps <= 7:
        return functional.conv2d(padded.flatten(0, 1)[:, None], kernel[None, None]).view_as(x)
    size = padded.shape[-2:]
    spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(kernel, s=size)
    return torch.fft.irfft2(spectrum, s=size)[..., taps - 1 :, taps - 1 :][..., :height, :width]


def motion_blur(x: Tensor, angle: Tensor, radius: int, sigma: float) -> Tensor:
    """Smears images along a line: Σ_i w_i · x displaced by i pixels, i = 0 … 2 radius, w_i ∝ exp(−i² / 2σ²).

    Displacements are rounded to whole pixels, and borders are repeated; taps that leave the image are dropped.

    Args:
        x: ``(batch, channel, height, width)``.
        angle: ``(batch,)`` degrees, 0 along the rows.
        radius: Half the number of taps, in pixels.
        sigma: Width of the weights, in pixels.
    """
    height, width = x.shape[-2:]
    tap = torch.arange(2 * radius + 1, dtype=torch.float64)
    weight = torch.exp(-0.5 * (tap / sigma).square())
    weight = weight / weight.sum()
    angle = angle.detach().cpu().double() * (math.pi / 180)
    down = -torch.ceil(tap * angle.sin()[:, None] - 0.5).long()
    right = -torch.ceil(tap * angle.cos()[:, None] - 0.5).long()
    inside = ((down.abs() < height) & (right.abs() < width)).cumprod(dim=1).bool()
    reach = min(2 * radius, height - 1), min(2 * radius, width - 1)
    padded = functional.pad(x, (reach[1], reach[1], reach[0], reach[0]), mode="replicate")
    blurred = []
    # A displaced image is a window of the padded one; adding up windows is faster than gathering pixels by batch.
    for image, rows, columns, taken in zip(
        padded, down.tolist(), right.tolist(), inside.sum(dim=1).tolist(), strict=True
    ):
        total = torch.zeros_like(x[0])
        for i in range(taken):
            top, left = reach[0] - rows[i], reach[1] - columns[i]
            total = total.add(image[:, top : top + height, left : left + width], alpha=weight[i].item())
        blurred.append(total)
    return torch.stack(blurred)


def plasma(noise: Tensor, decay: float) -> Tensor:
    """Fractal height maps in [0, 1], by the diamond-square algorithm on a torus: ``(batch, size, size)``.

    Every new point is the mean of its four neighbors plus w² · noise; w starts at 100 and is divided by ``decay``
    whenever the step is halved.

    Args:
        noise: ``(batch, size, size)`` uniform in [−1, 1], with size a power of two.
        decay: Factor by which w shrinks.
    """
    size = noise.shape[-1]
    assert size & (size - 1) == 0, "size must be a power of two"
    height = torch.zeros_like(noise)
    step, wibble = size, 100.0

    def fill(rows: slice, columns: slice, total: Tensor) -> None:
        height[:, rows, columns] = total / 4 + wibble**2 * noise[:, rows, columns]

    while step >= 2:
        corner, middle = slice(0, size, step), slice(step // 2, size, step)
        corners = height[:, corner, corner]
        pairs = corners + corners.roll(-1, dims=1)
        fill(middle, middle, pairs + pairs.roll(-1, dims=2))
        centers = height[:, middle, middle]
        across = corners + corners.roll(-1, dims=2)
        fill(corner, middle, centers + centers.roll(1, dims=1) + across)
        along = corners + corners.roll(-1, dims=1)
        fill(middle, corner, centers + centers.roll(1, dims=2) + along)
        step, wibble = step // 2, wibble / decay
    flat = height.flatten(1)
    low, high = flat.amin(dim=1)[:, None, None], flat.amax(dim=1)[:, None, None]
    return (height - low) / (high - low)
