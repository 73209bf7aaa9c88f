"""Texture randomization by random convolutions: local texture changes, shapes stay."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from viewlearn.bounds import FractionRange, SmallCount
from viewlearn.views import Params, View, draw, parts
from viewlearn.views.description import columns
from vision.views.checks import check_images, full_precision


class RandomConvolution(View):
    """Filters each image with a random kernel of its own, and mixes the result with the image::

        y = x ∗ w,   w ~ N(0, 1/(channels · size²)),    view = clamp((1 − m) x + m (σ_x (y − μ_y)/σ_y + μ_x))

    Edges and outlines stay where they are, while surfaces change: fine texture, contrast between neighboring colors,
    sharpness. It is a texture factor for LooC that needs no style network, and *not* the style transfer of the LooC
    paper: no texture of another image comes in, and patterns larger than the kernel stay. Each channel is brought back
    to its mean and standard deviation in x, so that overall color and contrast, which other views change, aren't part
    of this factor; the paper below leaves them as the kernel makes them. Borders are reflected.

    Parameters: ``kernel`` (batch, channel, channel, K, K), standard normal, with K the largest size (a smaller kernel
    is its middle part); ``size`` (batch,), a position in ``sizes``; ``mix`` (batch,). Differentiable in x and ``mix``.

    Args:
        sizes: Sides of the kernels in pixels, odd, with equal probabilities; 1 mixes colors only.
        mix: Smallest and largest m.

    Raises:
        ValueError: A size that is even or below 1, or a mix outside [0, 1]; (when called) images that are too small
            for the border.

    Xu et al., Robust and Generalizable Visual Representation Learning via Random Convolutions, ICLR 2021, section 3.
    """

    continuous = True

    def __init__(self, sizes: tuple[SmallCount, ...] = (1, 3, 5, 7), mix: FractionRange = (0.0, 1.0)):
        super().__init__()
        if not sizes or any(size < 1 or size % 2 == 0 for size in sizes):
            raise ValueError(f"sizes are {sizes}; they must be odd and at least 1")
        self.sizes = tuple(sizes)
        self.mix = mix

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        channels, largest = x.shape[1], max(self.sizes)
        return {
            "kernel": draw.normal(x, generator, channels, channels, largest, largest),
            "size": draw.integers(x, 0, len(self.sizes), generator),
            "mix": draw.uniform(x, *self.mix, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        full = full_precision(x)
        if min(x.shape[-2:]) <= max(self.sizes) // 2:
            raise ValueError(f"images of {x.shape[-2]}×{x.shape[-1]} are too small for kernels of {max(self.sizes)}")
        filtered = (self._filter_by_size if parts.on_host(x) else self._filter_all)(full, params)
        mix = params["mix"].to(full.dtype).view(-1, 1, 1, 1)
        return torch.lerp(full, _restandardize(filtered, full), mix).clamp(0, 1).to(x.dtype)

    def describe(self, resolved: Params) -> Tensor:
        """Describes m, and the kernel's size by a flag for each; its weights are noise."""
        sizes = torch.arange(len(self.sizes), device=resolved["size"].device)
        return columns(resolved["mix"], resolved["size"][:, None] == sizes)

    def _filter_by_size(self, x: Tensor, params: Params) -> Tensor:
        """Filters images with kernels of the same size together."""
        filtered = torch.empty_like(x)
        for position, size in enumerate(self.sizes):
            rows = (params["size"] == position).nonzero().squeeze(1)
            if len(rows):
                margin = (max(self.sizes) - size) // 2
                middle = slice(margin, margin + size)
                kernel = params["kernel"][rows][..., middle, middle].to(x.dtype)
                kernel = kernel / (x.shape[1] * size * size) ** 0.5
                filtered = filtered.index_copy(0, rows, _filter(x[rows], kernel))
        return filtered

    def _filter_all(self, x: Tensor, params: Params) -> Tensor:
        """Filters all images at once, with kernels of the largest size that are zero outside of their middle part."""
        size = sum((params["size"] == position) * size for position, size in enumerate(self.sizes))
        size = torch.as_tensor(size, device=x.device).to(x.dtype).view(-1, 1, 1, 1, 1)
        place = (torch.arange(max(self.sizes), device=x.device) - max(self.sizes) // 2).abs()
        used = 2 * torch.maximum(place[:, None], place) < size
        kernel = torch.where(used, params["kernel"].to(x.dtype), 0.0) / (x.shape[1] ** 0.5 * size)
        return _filter(x, kernel)


def _filter(x: Tensor, kernel: Tensor) -> Tensor:
    """Filters each image with its own kernel, as one convolution whose groups are the images."""
    batch, size = len(x), kernel.shape[-1]
    padded = F.pad(x, [size // 2] * 4, mode="reflect").flatten(0, 1).unsqueeze(0)
    with torch.autocast(x.device.type, enabled=False):  # a view is the same in training and in evaluation
        return F.conv2d(padded, kernel.flatten(0, 1), groups=batch).view_as(x)


def _restandardize(y: Tensor, x: Tensor) -> Tensor:
    """Gives each channel of each image in y the mean and standard deviation that it has in x."""
    std_y, mean_y = torch.std_mean(y, dim=(2, 3), correction=0, keepdim=True)
    std_x, mean_x = torch.std_mean(x, dim=(2, 3), correction=0, keepdim=True)
    return (y - mean_y) * (std_x / (std_y + 1e-6)) + mean_x
