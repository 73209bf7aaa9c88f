"""Mixing sounds at a signal-to-noise ratio."""

import torch
from torch import Tensor


def power(x: Tensor) -> Tensor:
    """``(batch, 1, 1)`` mean squares over channel and time of waveforms ``(batch, channel, time)``."""
    size = x.shape[-2] * x.shape[-1]
    return torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).square() / size  # without a temporary of x's size


def noise_gain(signal: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """``(batch, 1, 1)`` factors g for the noise such that 10·log10(P(signal) / P(g·noise)) is ``snr_db``.

    All channels of a sample share the factor, so that their balance stays. Silent noise stays silent, and noise
    under a silent signal becomes silent: neither has a ratio. Where the signal is constant zero the factor has
    gradient 0.
    """
    wanted = power(signal) * 10 ** (-snr_db.to(signal.dtype).reshape(-1, 1, 1) / 10)
    ratio = wanted / power(noise).clamp_min(torch.finfo(signal.dtype).tiny)
    positive = ratio > 0
    return torch.where(positive, ratio.where(positive, 1.0).sqrt(), 0.0)


def mix(signal: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """``signal + g·noise`` with g such that the signal-to-noise ratio of each sample is its ``snr_db``.

    Args:
        signal, noise: waveforms ``(batch, channel, time)``; powers are means over the whole clip.
        snr_db: ``(batch,)`` decibels.
    """
    return torch.addcmul(signal, noise_gain(signal, noise, snr_db), noise)
