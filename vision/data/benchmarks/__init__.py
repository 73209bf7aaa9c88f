"""The data sets that LooC reports on, from local copies in their published layouts."""

from vision.data.benchmarks.benchmark import BenchmarkData
from vision.data.benchmarks.imagenet import ImageNet100
from vision.data.benchmarks.shifts import cifar_c_files, imagenet_c_files, objectnet_files
from vision.data.benchmarks.species import CUB200, Flowers102, INaturalist

__all__ = [
    "CUB200",
    "BenchmarkData",
    "Flowers102",
    "INaturalist",
    "ImageNet100",
    "cifar_c_files",
    "imagenet_c_files",
    "objectnet_files",
]
