"""The 15 corruptions of ImageNet-C as views, batched and with draws per sample."""

from vision.corruptions.benchmark import CORRUPTIONS, imagenet_c
from vision.corruptions.blurs import DefocusBlur, GlassBlur, MotionBlur, ZoomBlur
from vision.corruptions.corruption import Corruption
from vision.corruptions.digital import Brightness, Contrast, ElasticTransform, JPEGCompression, Pixelate
from vision.corruptions.noise import GaussianNoise, ImpulseNoise, ShotNoise
from vision.corruptions.weather import Fog, Frost, Snow

__all__ = [
    "CORRUPTIONS",
    "Brightness",
    "Contrast",
    "Corruption",
    "DefocusBlur",
    "ElasticTransform",
    "Fog",
    "Frost",
    "GaussianNoise",
    "GlassBlur",
    "ImpulseNoise",
    "JPEGCompression",
    "MotionBlur",
    "Pixelate",
    "ShotNoise",
    "Snow",
    "ZoomBlur",
    "imagenet_c",
]
