"""Time stretching by a phase vocoder, and reading at another speed, with a rate of each sample's own."""

import torch
from torch import Tensor

from audio.views.waveform.fourier import fast_length

OVERSAMPLING = 4  # with cubic interpolation between the points, errors stay some 60 dB below the signal
TRANSITION = 0.1  # fraction of the new band over which the anti-aliasing filter falls


def stretch(x: Tensor, rate: Tensor, num_samples: int, n_fft: int) -> Tensor:
    """Plays waveforms ``rate`` times as fast without changing their pitch.

    Frame j of the output has the magnitude of the input at frame j·rate, and a phase that advances by what the input
    advances in one frame there (Flanagan and Golden, 1966). Since both hops are equal, the phase advance that
    ``torchaudio.functional.phase_vocoder`` takes out and puts back cancels, and unit phasors need no unwrapping.
    After the end of the input, the output is silent.

    Args:
        x: Waveforms ``(batch, channel, time)``.
        rate: Rate of each sample, ``(batch,)``; above 1 sounds get shorter.
        num_samples: Length of the output in samples.
        n_fft: Samples in a Hann window; the hop is a quarter of it.

    Returns:
        Waveforms ``(batch, channel, num_samples)``.
    """
    hop, window = n_fft // 4, torch.hann_window(n_fft, device=x.device, dtype=x.dtype)
    spectrum = torch.stft(
        torch.nn.functional.pad(x.flatten(0, 1), (0, n_fft)), n_fft, hop, window=window, return_complex=True
    )
    # Windows reach two hops to either side: the frames that overlap with the last samples are needed too.
    stretched = phase_vocoder(spectrum.unflatten(0, x.shape[:2]), rate, num_samples // hop + 4)
    return torch.istft(stretched.flatten(0, 1), n_fft, hop, window=window, length=num_samples).unflatten(0, x.shape[:2])


def phase_vocoder(spectrum: Tensor, rate: Tensor, num_frames: int) -> Tensor:
    """Plays spectra ``(batch, channel, frequency, frame)`` ``rate`` times as fast, for ``num_frames`` frames."""
    frames = spectrum.shape[-1]
    position = torch.arange(num_frames, device=spectrum.device, dtype=torch.float64) * rate.double()[:, None]
    before = position.long().clamp(max=frames)[:, None, None].expand(*spectrum.shape[:-1], -1)
    fraction = (position % 1).to(spectrum.real.dtype)[:, None, None]
    magnitude = torch.nn.functional.pad(spectrum.abs(), (0, 2))
    phasor = torch.nn.functional.pad(_phasor(spectrum), (0, 2), value=1.0)
    advance = phasor.gather(-1, before + 1) * phasor.gather(-1, before).conj()
    rotation = torch.cat([phasor[..., :1], advance[..., :-1]], dim=-1).cumprod(-1)
    return torch.lerp(magnitude.gather(-1, before), magnitude.gather(-1, before + 1), fraction) * rotation


def _phasor(spectrum: Tensor) -> Tensor:
    """Directions of complex numbers; 1 for zero, whose gradient is then 0 and not NaN."""
    silent = spectrum == 0
    return torch.where(silent, 1.0, spectrum) / torch.where(silent, 1.0, spectrum).abs()


def speed(x: Tensor, rate: Tensor, num_samples: int) -> Tensor:
    """Reads waveforms ``rate`` times as fast, y(t) = x(t·rate), which scales their pitch too.

    They are oversampled by a Fourier transform, without the band that would alias, and then read by cubic
    (Catmull–Rom) interpolation: unlike a polyphase filter, this takes any real rate, and a different one for each
    sample. After the end of the input, the output is silent.

    Args:
        x: Waveforms ``(batch, channel, time)``.
        rate: Rate of each sample, ``(batch,)``.
        num_samples: Length of the output in samples.
    """
    length = fast_length(x.shape[-1] + 64)
    limit = rate.to(x.dtype).clamp(min=1.0).reciprocal()[:, None]  # of the new band, in units of the old
    band = torch.linspace(0, 1, length // 2 + 1, device=x.device, dtype=x.dtype)
    keep = ((limit - band) / (TRANSITION * limit)).clamp(0, 1)
    keep = torch.where(rate[:, None] > 1, (1 - (torch.pi * keep).cos()) / 2, 1.0)
    dense = torch.fft.irfft(torch.fft.rfft(x, n=length) * keep[:, None], n=OVERSAMPLING * length) * OVERSAMPLING
    position = torch.arange(num_samples, device=x.device, dtype=torch.float64) * rate.double()[:, None]
    ended = position > x.shape[-1] - 1
    position = position.clamp(max=x.shape[-1] - 1) * OVERSAMPLING
    index, t = position.long(), (position % 1).to(x.dtype)[:, None]
    a, b, c, d = (
        dense.gather(-1, ((index + k) % dense.shape[-1])[:, None].expand(-1, x.shape[1], -1)) for k in (-1, 0, 1, 2)
    )
    cubic = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return cubic.masked_fill(ended[:, None], 0.0)
