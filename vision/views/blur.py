"""Gaussian blur."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import PositiveFraction, PositiveRange
from viewlearn.views import Params, View, draw
from vision.views.checks import check_images, full_precision
from vision.views.resample import Taps, separable


class GaussianBlur(View):
    """Convolves images with a Gaussian of random width; borders are reflected.

    The kernel has 2r + 1 taps, r = max(1, ⌊kernel_fraction · min(height, width) / 2⌋), as in SimCLR's code, which takes
    the height for the shorter side. Weights are exp(−t² / 2σ²), normalized, as in torchvision.

    Parameters: ``sigma`` (batch,), in pixels; the view is differentiable in it.

    Args:
        sigma: Smallest and largest standard deviation in pixels.
        kernel_fraction: Width of the kernel, as a fraction of the image's shorter side.

    Raises:
        ValueError: A sigma that isn't positive, or a fraction outside (0, 1]; (when called) images that are smaller
            than the kernel.

    Chen et al. 2020, A simple framework for contrastive learning, appendix A.
    """

    rowwise = True

    def __init__(self, sigma: PositiveRange = (0.1, 2.0), kernel_fraction: PositiveFraction = 0.1):
        super().__init__()
        self.sigma = sigma
        self.continuous = sigma[0] < sigma[1]
        self.kernel_fraction = kernel_fraction

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"sigma": draw.uniform(x, *self.sigma, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        height, width = x.shape[-2:]
        radius = max(1, int(self.kernel_fraction * min(height, width) / 2))
        if radius >= min(height, width):
            raise ValueError(f"GaussianBlur can't reflect {radius} pixels at the border of {height}×{width} images")
        kernel = gaussian(params["sigma"].to(full_precision(x).dtype), radius)
        rows, columns = (
            Taps(_reflected(num, radius, kernel), kernel[:, None].expand(-1, num, -1)) for num in (height, width)
        )
        return separable(x, rows, columns)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the standard deviation, as a part of the largest."""
        return resolved["sigma"].float()[:, None] / self.sigma[1]


def gaussian(sigma: Tensor, radius: int) -> Tensor:
    """Normalized weights ``(batch, 2 radius + 1)`` of Gaussians with standard deviations ``(batch,)`` in pixels."""
    offset = torch.arange(-radius, radius + 1, device=sigma.device, dtype=sigma.dtype)
    weight = torch.exp(-0.5 * (offset / sigma[:, None]).square())
    return weight / weight.sum(dim=1, keepdim=True)


def _reflected(num: int, radius: int, kernel: Tensor) -> Tensor:
    """Pixels ``(batch, num, taps)`` under the kernel around each of ``num`` pixels, reflected at both ends."""
    pixel = torch.arange(num, device=kernel.device)[:, None]
    source = (pixel + torch.arange(-radius, radius + 1, device=kernel.device)).abs()
    return torch.where(source >= num, 2 * (num - 1) - source, source).expand(len(kernel), -1, -1)
