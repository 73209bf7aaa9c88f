"""Views of waveforms ``(batch, channel, time)`` and of spectrograms ``(batch, channel, mel, frame)``.

Waveform views have ``stage = "natural"``: a run applies them before the front end, and spectrogram views after it.
Learned ones but the Viewmaker are in ``audio.views.waveform.learned``.
"""

from audio.views.spectrogram.crop import SpectrogramCrop
from audio.views.spectrogram.equalizer import LearnedEqualizer
from audio.views.spectrogram.mask import FrequencyMask, TimeMask
from audio.views.spectrogram.noise import LogMixup, SpectrogramNoise
from audio.views.spectrogram.shift import FrequencyShift
from audio.views.waveform.background import BackgroundNoise
from audio.views.waveform.filters import BandPass, HighPass, LowPass
from audio.views.waveform.foreign import ForeignSoundView
from audio.views.waveform.level import Gain, PolarityInversion
from audio.views.waveform.noise import ColoredNoise, WhiteNoise
from audio.views.waveform.reverb import ImpulseResponse, Reverberation
from audio.views.waveform.segment import RandomCrop, RandomSegment, WaveformMask
from audio.views.waveform.shift import TimeShift
from audio.views.waveform.stretch import PitchShift, TimeStretch
from audio.views.waveform.viewmaker import WaveformViewmaker

__all__ = [
    "BackgroundNoise",
    "BandPass",
    "ColoredNoise",
    "ForeignSoundView",
    "FrequencyMask",
    "FrequencyShift",
    "Gain",
    "HighPass",
    "ImpulseResponse",
    "LearnedEqualizer",
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
