"""Waveforms as images, for networks that decide something coarse about them."""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 512  # samples
QUIET = 1e-5  # of the mean power of a clip, below which nothing is heard: −50 dB

SILENT = 1e-20  # mean power below which a clip is; smaller, and its gradient would overflow


def log_power(x: Tensor) -> Tensor:
    """Computes the logarithm of the power over time and frequency, beside the mean power of the clip.

    Windows are Hann's, 512 samples long, and overlap by half. The mean of the channels is taken. Loudness cancels, and
    a silent clip is flat. In float32 or float64.

    Args:
        x: ``(batch, channel, time)``.

    Returns:
        ``(batch, 1, 257, frame)``, the lowest frequency first.
    """
    mono = x.mean(1).to(torch.promote_types(x.dtype, torch.float32))
    hop = WINDOW // 2
    missing = max(WINDOW - mono.shape[-1], (WINDOW - mono.shape[-1]) % hop)
    window = torch.hann_window(WINDOW, dtype=mono.dtype, device=mono.device)
    frames = F.pad(mono, (0, missing)).unfold(-1, WINDOW, hop) * window
    power = torch.view_as_real(torch.fft.rfft(frames)).square().sum(-1)
    level = power.mean((1, 2), keepdim=True)
    return (power / level.clamp_min(SILENT) + QUIET).log().mT[:, None]
