"""Mixtures of two sounds at a signal-to-noise ratio."""

import torch
from torch import Tensor


def power(x: Tensor) -> Tensor:
    """Mean squares over channel and time, ``(batch, 1, 1)``, of waveforms ``(batch, channel, time)``."""
    size = x.shape[-2] * x.shape[-1]
    return torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).square() / size  # without a temporary of x's size


def noise_gain(signal: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Factors g for the noise, ``(batch, 1, 1)``, such that 10·log10(P(signal) / P(g·noise)) is ``snr_db``.

    All channels of a sample share one factor, which keeps their balance. Silent noise stays silent, and noise under a
    silent signal becomes silent: neither has a ratio. Where the signal is constant zero, the factor's gradient is 0.
    """
    wanted = power(signal) * 10 ** (-snr_db.to(signal.dtype).reshape(-1, 1, 1) / 10)
    ratio = wanted / power(noise).clamp_min(torch.finfo(signal.dtype).tiny)
    positive = ratio > 0
    return torch.where(positive, ratio.where(positive, 1.0).sqrt(), 0.0)


def mix(signal: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Adds noise: ``signal + g·noise``, with g such that each sample has the signal-to-noise ratio ``snr_db``.

    Args:
        signal: Waveforms ``(batch, channel, time)``; powers are means over the whole clip.
        noise: Waveforms of the same shape.
        snr_db: Ratio of each sample in dB, ``(batch,)``.
    """
    return torch.addcmul(signal, noise_gain(signal, noise, snr_db), noise)
