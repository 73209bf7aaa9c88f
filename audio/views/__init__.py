"""Views of waveforms ``(batch, channel, time)`` and of spectrograms ``(batch, channel, mel, frame)``.

Waveform views have ``stage = "natural"``: a run applies them before the front end, and spectrogram views behind it.
"""

from audio.views.background import BackgroundNoise
from audio.views.filters import BandPass, HighPass, LowPass
from audio.views.level import Gain, PolarityInversion
from audio.views.noise import ColoredNoise, WhiteNoise
from audio.views.reverb import ImpulseResponse, Reverberation
from audio.views.segment import RandomCrop, RandomSegment, WaveformMask
from audio.views.shift import TimeShift
from audio.views.spectrogram_geometry import FrequencyShift, SpectrogramCrop
from audio.views.spectrogram_mask import FrequencyMask, TimeMask
from audio.views.spectrogram_noise import LogMixup, SpectrogramNoise
from audio.views.stretch import PitchShift, TimeStretch
from audio.views.waveform_viewmaker import WaveformViewmaker

__all__ = [
    "BackgroundNoise",
    "BandPass",
    "ColoredNoise",
    "FrequencyMask",
    "FrequencyShift",
    "Gain",
    "HighPass",
    "ImpulseResponse",
    "LogMixup",
    "LowPass",
    "PitchShift",
    "PolarityInversion",
    "RandomCrop",
    "RandomSegment",
    "Reverberation",
    "SpectrogramCrop",
    "SpectrogramNoise",
    "TimeMask",
    "TimeShift",
    "TimeStretch",
    "WaveformMask",
    "WaveformViewmaker",
    "WhiteNoise",
]
