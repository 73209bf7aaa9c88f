"""From stored sound to what an encoder reads: decoding to float, mix-down, resampling, cropping, log-mel."""

from audio.front_end.clip import CenterCrop, Mono, center_crop
from audio.front_end.geometry import GEOMETRIES, Geometry, named_geometry
from audio.front_end.log_mel import LogMel
from audio.front_end.resample import Resample, resample
from audio.front_end.statistics import measure

__all__ = [
    "GEOMETRIES",
    "CenterCrop",
    "Geometry",
    "LogMel",
    "Mono",
    "Resample",
    "center_crop",
    "measure",
    "named_geometry",
    "resample",
]
