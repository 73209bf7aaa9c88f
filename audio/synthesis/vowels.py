"""Vowels by formant synthesis: a pulsed source through the resonances of a vocal tract."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

# Mean formants F1, F2, F3 in Hz of adult male speakers: Peterson and Barney, Control methods used in a study of the
# vowels, JASA 24, 1952, table II.
VOWELS = {
    "i": (270, 2290, 3010),
    "ɪ": (390, 1990, 2550),
    "ɛ": (530, 1840, 2480),
    "æ": (660, 1720, 2410),
    "ɑ": (730, 1090, 2440),
    "ɔ": (570, 840, 2410),
    "ʊ": (440, 1020, 2240),
    "u": (300, 870, 2240),
    "ʌ": (640, 1190, 2390),
    "ɝ": (490, 1350, 1690),
}
BANDWIDTHS = (60.0, 90.0, 130.0)  # Hz, of the three resonances; usual values for voiced speech


@dataclass(frozen=True)
class Speakers:
    """Synthetic speakers, one entry each.

    Args:
        pitch: Mean fundamental frequency in Hz, 85 to 260.
        size: Factor on all formants, 0.95 (a large vocal tract) to 1.3 (a small one).
        breath: Level of aspiration noise relative to the voiced source, 0 to 0.15.
        tilt: Further slope of the source in dB per octave, −6 to 0.
    """

    pitch: Tensor
    size: Tensor
    breath: Tensor
    tilt: Tensor

    @staticmethod
    def draw(count: int, generator: Generator) -> "Speakers":
        """Draws ``count`` speakers; higher voices tend to have smaller tracts."""
        u, scatter, breath, tilt = torch.rand(4, count, generator=generator)
        size = 0.95 + 0.3 * u + 0.05 * scatter
        return Speakers(85 * (260 / 85) ** u, size, 0.15 * breath, -6 * tilt)

    def __getitem__(self, index: Tensor) -> "Speakers":
        return Speakers(self.pitch[index], self.size[index], self.breath[index], self.tilt[index])


def vowels(vowel: Tensor, speakers: Speakers, num_samples: int, sample_rate: int, generator: Generator) -> Tensor:
    """Makes waveforms ``(batch, num_samples)`` of unit mean power over the clip, one vowel each.

    A vowel lasts 0.25 to 0.7 of the clip, begins anywhere it fits, glides by up to ±3 semitones, has vibrato, and
    formants that scatter by 4 %. The source is a train of Rosenberg's glottal pulses plus breath noise.

    Args:
        vowel: Indices into ``VOWELS``, ``(batch,)``.
        speakers: Speakers, one for each vowel.
        num_samples: Length of a clip in samples.
        sample_rate: Sample rate in Hz.
        generator: Generator of everything that varies.
    """
    count = len(vowel)
    rand = torch.rand(8, count, generator=generator)
    formants = torch.tensor(list(VOWELS.values()), dtype=torch.float32)[vowel] * speakers.size[:, None]
    formants = formants * (1 + 0.04 * torch.randn(count, 3, generator=generator))
    time = torch.arange(num_samples) / sample_rate
    duration = (0.25 + 0.45 * rand[0]) * num_samples / sample_rate
    start = rand[1] * (num_samples / sample_rate - duration)
    progress = (time - start[:, None]) / duration[:, None]
    glide = 6 * (rand[2] - 0.5)  # semitones from beginning to end
    vibrato = 0.4 * rand[3, :, None] * (2 * math.pi * (4 + 3 * rand[4, :, None]) * time + 6.28 * rand[5, :, None]).sin()
    pitch = speakers.pitch[:, None] * 2 ** ((glide[:, None] * (progress - 0.5).clamp(-0.5, 0.5) + vibrato) / 12)
    source = _glottal_flow((pitch / sample_rate).double().cumsum(1) + rand[6, :, None])
    source = source / source.std(dim=1, keepdim=True)
    source = source + speakers.breath[:, None] * torch.randn(count, num_samples, generator=generator)
    envelope = _envelope(progress, attack=0.05 + 0.1 * rand[7, :, None])
    voiced = _resonate(source, formants, speakers.tilt, sample_rate) * envelope
    return voiced / voiced.square().mean(1, keepdim=True).sqrt()


def _glottal_flow(cycles: Tensor, opening: float = 0.4, closing: float = 0.16) -> Tensor:
    """The derivative of Rosenberg's pulse (1971, type C) at a phase in cycles: it rises, falls fast, stays closed."""
    phase = (cycles % 1).float()
    rising = (math.pi / (2 * opening)) * (math.pi * phase / opening).sin()
    falling = -(math.pi / (2 * closing)) * (math.pi * (phase - opening) / (2 * closing)).sin()
    return torch.where(phase < opening, rising, torch.where(phase < opening + closing, falling, 0.0))


def _envelope(progress: Tensor, attack: Tensor, release: float = 0.2) -> Tensor:
    """Raised-cosine onset and decay within 0 ≤ progress ≤ 1, zero outside."""
    rise, fall = (progress / attack).clamp(0, 1), ((1 - progress) / release).clamp(0, 1)
    return (1 - (math.pi * rise).cos()) * (1 - (math.pi * fall).cos()) / 4


def _resonate(source: Tensor, formants: Tensor, tilt: Tensor, sample_rate: int) -> Tensor:
    """The source through a cascade of resonances, H(f) = Π F²/(F² − f² + i·f·B), and the speaker's tilt."""
    size = source.shape[1]
    frequency = torch.fft.rfftfreq(2 * size, 1 / sample_rate)  # padded, so that the resonances don't wrap around
    response = 10 ** (tilt[:, None] * (frequency.clamp_min(50) / 500).log2() / 20) + 0j
    for center, width in zip(formants.T, BANDWIDTHS, strict=True):
        f2 = center[:, None].square()
        response = response * f2 / (f2 - frequency.square() + 1j * frequency * width)
    return torch.fft.irfft(torch.fft.rfft(source, n=2 * size) * response, n=2 * size)[:, :size]
