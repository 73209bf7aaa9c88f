"""Six kinds of backgrounds by formula; every recording of a kind has parameters of its own."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

Formula = Callable[[Tensor, int, Generator], Tensor]  # of times in seconds, the sample rate, and the generator


def background(kind: str, num_samples: int, sample_rate: int, generator: Generator) -> Tensor:
    """Makes one recording ``(num_samples,)`` of unit mean power, with a faint hiss as of a microphone.

    Args:
        kind: Name in ``BACKGROUNDS``.
        num_samples: Length of the recording in samples.
        sample_rate: Sample rate in Hz.
        generator: Generator of everything that varies.
    """
    sound = BACKGROUNDS[kind](torch.arange(num_samples) / sample_rate, sample_rate, generator)
    sound = sound / sound.square().mean().sqrt()
    sound = sound + 10 ** (_uniform(-35, -20, generator) / 20) * torch.randn(num_samples, generator=generator)
    return sound / sound.square().mean().sqrt()


def _rain(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Noise that rises towards high frequencies, and drops: short bursts at random times."""
    hiss = _shaped_noise(time, rate, generator, lambda f: (f / 1000).clamp(0.05, 3) ** _uniform(0.3, 1.0, generator))
    drops = (torch.rand(len(time), generator=generator) < _uniform(20, 80, generator) / rate).float()
    drops = drops * torch.rand(len(time), generator=generator)
    burst = torch.randn(rate // 100, generator=generator) * torch.linspace(0, -8, rate // 100).exp()
    return hiss + _uniform(0.5, 2.0, generator) * 4 * _convolve(drops, burst)


def _wind(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Noise around a low resonance whose strength comes and goes."""
    center, width = _uniform(200, 600, generator), _uniform(0.3, 0.8, generator)
    noise = _shaped_noise(time, rate, generator, lambda f: (-(((f / center).clamp_min(1e-3).log() / width) ** 2)).exp())
    return noise * (0.2 + _slow(time, _uniform(0.3, 1.5, generator), generator).abs())


def _engine(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Harmonics of a firing rate that wavers, the odd ones weak."""
    wobble = 0.05 * _slow(time, 1.0, generator)
    phase = (_uniform(25, 70, generator) * (1 + wobble) / rate).cumsum(0) * 2 * math.pi
    level = torch.rand(24, generator=generator) * torch.arange(1, 25) ** -0.7
    level[::2] *= 0.4
    sound = sum(level[k] * ((k + 1) * phase + k * k).sin() for k in range(24))
    return sound + 0.3 * torch.randn(len(time), generator=generator) * (1 + phase.sin()) / 2


def _birds(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Chirps: short whistles that sweep between 1.5 kHz and 3.8 kHz, over faint noise."""
    sound = 0.02 * torch.randn(len(time), generator=generator)
    center, sweep = _uniform(1800, 3300, generator), _uniform(-500, 500, generator)
    length = int(_uniform(0.05, 0.15, generator) * rate)
    t = torch.arange(length) / rate
    for _ in range(int(len(time) / rate * _uniform(3, 7, generator))):
        start = int(_uniform(0, len(time) - length, generator))
        warble = 60 * (2 * math.pi * _uniform(15, 40, generator) * t).sin()
        phase = 2 * math.pi * ((center + sweep * t / t[-1] + warble) / rate).cumsum(0)
        sound[start : start + length] += _uniform(0.3, 1.0, generator) * phase.sin() * (math.pi * t / t[-1]).sin()
    return sound


def _clock(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Ticks at a steady pace: two decaying resonances in turn."""
    period = int(_uniform(0.15, 0.4, generator) * rate)
    t = torch.arange(rate // 20) / rate
    sound = torch.zeros(len(time))
    ticks = [(-(t / 0.006)).exp() * (2 * math.pi * _uniform(900, 3500, generator) * t).sin() for _ in range(2)]
    for beat in range(len(time) // period - 1):
        sound[beat * period : beat * period + len(t)] += ticks[beat % 2]
    return sound + 0.01 * torch.randn(len(time), generator=generator)


def _hum(time: Tensor, rate: int, generator: Generator) -> Tensor:
    """Mains hum: 50 or 60 Hz with harmonics, over a little hiss."""
    base = 50.0 if _uniform(0, 1, generator) < 0.5 else 60.0
    level = torch.rand(30, generator=generator) * torch.arange(1, 31) ** -_uniform(0.5, 1.2, generator)
    phase = 2 * math.pi * torch.rand(30, generator=generator)
    sound = sum(level[k] * (2 * math.pi * base * (k + 1) * time + phase[k]).sin() for k in range(30))
    return sound + 0.05 * torch.randn(len(time), generator=generator)


BACKGROUNDS: dict[str, Formula] = {
    "rain": _rain,
    "wind": _wind,
    "engine": _engine,
    "birds": _birds,
    "clock": _clock,
    "hum": _hum,
}


def _uniform(low: float, high: float, generator: Generator) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def _shaped_noise(time: Tensor, rate: int, generator: Generator, response: Callable[[Tensor], Tensor]) -> Tensor:
    """White noise times an amplitude response of the frequency in Hz."""
    spectrum = torch.fft.rfft(torch.randn(len(time), generator=generator))
    return torch.fft.irfft(spectrum * response(torch.fft.rfftfreq(len(time), 1 / rate)), n=len(time))


def _slow(time: Tensor, hz: float, generator: Generator) -> Tensor:
    """A random curve of unit standard deviation that changes about ``hz`` times a second."""
    points = torch.randn(max(4, int(time[-1].item() * hz) + 4), generator=generator)
    return torch.nn.functional.interpolate(points[None, None], len(time), mode="linear", align_corners=True)[0, 0]


def _convolve(x: Tensor, kernel: Tensor) -> Tensor:
    size = len(x) + len(kernel) - 1
    return torch.fft.irfft(torch.fft.rfft(x, n=size) * torch.fft.rfft(kernel, n=size), n=size)[: len(x)]
