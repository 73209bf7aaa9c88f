"""Views of waveforms ``(batch, channel, time)``."""
