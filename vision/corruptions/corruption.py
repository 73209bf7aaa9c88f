"""What all corruptions share: a severity, and constants that depend on the size of the image."""

from typing import Annotated, Any, ClassVar, Literal

from torch import Tensor

from viewlearn.bounds import Bounds
from viewlearn.views import View
from vision.views.checks import check_images

Benchmark = Literal["imagenet", "cifar"]
Scale = Literal["auto", "imagenet", "cifar"]
LARGEST_CIFAR_SIZE = 64  # pixels up to which "auto" takes CIFAR-10-C's constants


class Corruption(View):
    """A corruption of the ImageNet-C benchmark as a view: ``sample`` draws its noise, ``transform`` applies it.

    Formulas and constants are those of the benchmark's code, for each severity, for images of 224 pixels (ImageNet-C)
    and of 32 (CIFAR-10-C). All differ from it in two ways: images are floats in [0, 1] and stay so, while the code
    truncates to 8 bits (and ImageNet-C's files are JPEGs of quality 85); draws are per sample, from the generator.

    Args:
        severity: Severity from 1 (mildest) to 5.
        scale: Whose constants to use; ``auto`` takes CIFAR-10-C's for images of at most 64 pixels.

    Raises:
        ValueError: An unknown severity or scale; (when called) inputs that aren't float images of 1 or 3 channels.

    Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations",
    ICLR 2019, appendix B.
    """

    CONSTANTS: ClassVar[dict[Benchmark, tuple[Any, ...]]]
    """The numbers of each severity, mildest first: one number, or several, as the docstring counts them."""

    def __init__(self, severity: Annotated[int, Bounds(1, 5)] = 3, scale: Scale = "auto"):
        super().__init__()
        self.severity = severity
        self.scale: Scale = scale

    def constants(self, x: Tensor) -> Any:
        """The constants c of this severity for images of x's size."""
        check_images(x)
        if x.shape[1] not in (1, 3):
            raise ValueError(f"corruptions take images of 1 or 3 channels; x has {x.shape[1]}")
        return self.CONSTANTS[self.benchmark_of(x)][self.severity - 1]

    def benchmark_of(self, x: Tensor) -> Benchmark:
        """The benchmark whose constants images of x's size get."""
        if self.scale == "auto":
            return "cifar" if max(x.shape[-2:]) <= LARGEST_CIFAR_SIZE else "imagenet"
        return self.scale
