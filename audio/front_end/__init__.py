"""From waveforms to what an encoder reads: resampling, cropping, and z-scored log-mel spectrograms."""

from audio.front_end.clip import CenterCrop, center_crop
from audio.front_end.geometry import GEOMETRIES, Geometry, named_geometry
from audio.front_end.log_mel import LogMel
from audio.front_end.resample import resample
from audio.front_end.statistics import log_mel_statistics

__all__ = [
    "GEOMETRIES",
    "CenterCrop",
    "Geometry",
    "LogMel",
    "center_crop",
    "log_mel_statistics",
    "named_geometry",
    "resample",
]
