"""The data sets that LooC reports on, from local copies in their published layouts."""

from vision.benchmarks_data_files import BenchmarkData
from vision.benchmarks_data_imagenet import ImageNet100, cifar_c_files, imagenet_c_files, objectnet_files
from vision.benchmarks_data_species import CUB200, Flowers102, INaturalist

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
