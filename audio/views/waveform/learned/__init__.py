"""Learned views of waveforms: each decides something coarse about a clip, and acts before the front end."""

from audio.views.waveform.learned.filter import LearnedWaveformFilter
from audio.views.waveform.learned.mask import LearnedWaveformMask
from audio.views.waveform.learned.warp import LearnedWaveformWarp

__all__ = ["LearnedWaveformFilter", "LearnedWaveformMask", "LearnedWaveformWarp"]
