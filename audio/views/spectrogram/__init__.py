"""Views of spectrograms ``(batch, channel, mel, frame)``."""
