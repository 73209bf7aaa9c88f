"""The benchmark's corruptions by name, in its order."""

from vision.corruptions.blurs import DefocusBlur, GlassBlur, MotionBlur, ZoomBlur
from vision.corruptions.corruption import Corruption, Scale
from vision.corruptions.digital import Brightness, Contrast, ElasticTransform, JPEGCompression, Pixelate
from vision.corruptions.noise import GaussianNoise, ImpulseNoise, ShotNoise
from vision.corruptions.weather import Fog, Frost, Snow

CORRUPTIONS: dict[str, type[Corruption]] = {
    "gaussian_noise": GaussianNoise,
    "shot_noise": ShotNoise,
    "impulse_noise": ImpulseNoise,
    "defocus_blur": DefocusBlur,
    "glass_blur": GlassBlur,
    "motion_blur": MotionBlur,
    "zoom_blur": ZoomBlur,
    "snow": Snow,
    "frost": Frost,
    "fog": Fog,
    "brightness": Brightness,
    "contrast": Contrast,
    "elastic_transform": ElasticTransform,
    "pixelate": Pixelate,
    "jpeg_compression": JPEGCompression,
}


def imagenet_c(severities: tuple[int, ...] = (1, 2, 3, 4, 5), scale: Scale = "auto") -> dict[str, list[Corruption]]:
    """Makes all 15 corruptions at the given severities, by name, in the benchmark's order."""
    return {name: [corruption(severity, scale) for severity in severities] for name, corruption in CORRUPTIONS.items()}
