"""Weather: snow, frost and fog."""

from pathlib import Path
from typing import Annotated, ClassVar

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Bounds
from viewlearn.views import Params, draw
from vision.corruptions.corruption import Corruption, Scale
from vision.corruptions.filters import along_axes, motion_blur, plasma, zoom_matrix
from vision.files import images_in, read_image
from vision.views.checks import full_precision
from vision.views.tone import luma


class Snow(Corruption):
    """Whitens the image and adds flakes, and the same flakes turned by 180°::

        flakes = motion blur of clamp(z, 0, 1) where z ≥ c₃, else 0;  z = noise enlarged by c₂, of mean c₀ and sd c₁
        clamp(c₆ x + (1 − c₆) max(x, 1.5 luma(x) + 0.5) + flakes + turned flakes, 0, 1)

    with blur radius c₄ and σ = c₅. Parameters: ``noise`` (batch, height, width), standard normal; ``angle`` (batch,)
    in degrees, −135 … −45. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": (
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ),
        "cifar": (
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        noise = draw.normal(x, generator, *x.shape[-2:])
        return {"noise": noise, "angle": draw.uniform(x, -135.0, -45.0, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        mean, sd, zoom, threshold, radius, sigma, keep = self.constants(x)
        full = full_precision(x)
        noise = params["noise"].to(full) * sd + mean
        rows, columns = (zoom_matrix(num, zoom, full) for num in x.shape[-2:])
        flakes = along_axes(noise, rows, columns)[:, None]
        flakes = torch.where(flakes < threshold, 0, flakes).clamp(0, 1)
        flakes = motion_blur(flakes, params["angle"], radius, sigma)
        gray = luma(full)[:, None] if x.shape[1] == 3 else full
        whitened = keep * full + (1 - keep) * torch.maximum(full, 1.5 * gray + 0.5)
        return (whitened + flakes + flakes.flip(-2, -1)).clamp(0, 1).to(x)


class Fog(Corruption):
    """Adds a fractal height map and keeps the image's maximum m: (x + c₀ · map) · m / (m + c₀), clamped.

    Parameters: ``noise`` (batch, size, size), uniform in [−1, 1], with size the power of two that covers the image;
    the decay is c₁, see ``plasma``. ImageNet-C's maps are 256 wide, CIFAR-10-C's 32.
    Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((1.5, 2), (2.0, 2), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)),
        "cifar": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"noise": draw.uniform(x, -1.0, 1.0, generator, *_map_size(x))}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        amount, decay = self.constants(x)
        full = full_precision(x)
        height, width = x.shape[-2:]
        fog = plasma(params["noise"].to(full), decay)[:, None, :height, :width]
        brightest = full.amax(dim=(1, 2, 3), keepdim=True)
        return ((full + amount * fog) * brightest / (brightest + amount)).clamp(0, 1).to(x)


class Frost(Corruption):
    """Adds frost: clamp(c₀ x + c₁ · frost, 0, 1), with a random crop of a random photograph of frost.

    The benchmark's photographs aren't included. Without a folder of photographs, frost is made: ridges of a fractal
    height map, ``1 − |2 map − 1|``, tinted blue, with the photographs' mean brightness 0.57 and standard deviation
    0.13. Accuracies under made frost aren't comparable with published ones.

    Parameters, uniform in [0, 1): ``texture`` (batch,), which photograph; ``place`` (batch, 2), where; and ``noise`` as
    in ``Fog``.

    Args:
        severity: Severity from 1 (mildest) to 5.
        scale: Whose constants to use, see ``Corruption``; with CIFAR-10-C's, photographs are shrunk to a fifth.
        photographs: A folder of photographs that are larger than the images; by default, frost is made.

    Raises:
        ValueError: As ``Corruption``; a folder without photographs; (when called) photographs that are smaller than
            the images.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
        "cifar": ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
    }
    TINT = (-0.07, 0.01, 0.06)

    def __init__(
        self, severity: Annotated[int, Bounds(1, 5)] = 3, scale: Scale = "auto", photographs: str | None = None
    ):
        super().__init__(severity, scale)
        self.textures = [] if photographs is None else _read_photographs(Path(photographs))

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "texture": draw.uniform(x, 0.0, 1.0, generator),
            "place": draw.uniform(x, 0.0, 1.0, generator, 2),
            "noise": draw.uniform(x, -1.0, 1.0, generator, *_map_size(x)),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        keep, amount = self.constants(x)
        full = full_precision(x)
        frost = self._crops(full, params) if self.textures else _made_frost(full, params["noise"].to(full))
        if x.shape[1] == 1:
            frost = luma(frost)[:, None]
        return (keep * full + amount * frost).clamp(0, 1).to(x)

    def _crops(self, x: Tensor, params: Params) -> Tensor:
        height, width = x.shape[-2:]
        shrink = 5 if self.benchmark_of(x) == "cifar" else 1
        crops = []
        for which, place in zip(params["texture"].tolist(), params["place"].tolist(), strict=True):
            texture = self.textures[int(which * len(self.textures))][:, ::shrink, ::shrink]
            free = texture.shape[1] - height, texture.shape[2] - width
            if min(free) < 0:
                raise ValueError(f"a photograph of frost has {tuple(texture.shape[1:])} pixels, fewer than the images")
            top, left = (int(fraction * (extent + 1)) for fraction, extent in zip(place, free, strict=True))
            crops.append(texture[:, top : top + height, left : left + width])
        return torch.stack(crops).to(x)


def _made_frost(x: Tensor, noise: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    ridges = 1 - (2 * plasma(noise, 1.3)[:, None, :height, :width] - 1).abs()
    ridges = (ridges - ridges.mean(dim=(2, 3), keepdim=True)) / ridges.std(dim=(2, 3), keepdim=True)
    return (0.57 + 0.13 * ridges + x.new_tensor(Frost.TINT)[:, None, None]).clamp(0, 1)


def _map_size(x: Tensor) -> tuple[int, int]:
    size = 1 << (max(x.shape[-2:]) - 1).bit_length()
    return size, size


def _read_photographs(folder: Path) -> list[Tensor]:
    paths = images_in(folder)
    if not paths:
        raise ValueError(f"{folder} has no photographs of frost")
    return [read_image(path).float() / 255 for path in paths]
