"""Audio files: finding, decoding with soundfile and resampling them, with errors that name the file."""

import re
from pathlib import Path

import soundfile
import torch
from torch import Tensor

from audio.front_end.resample import resample

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif")
RATES = (100, 1_000_000)  # samples per second, from infrasound to bats; a header that says others is wrong
LOUDEST = 2.0  # lossy coders overshoot 1 by less; beyond, samples have another unit, such as that of 16-bit integers
LARGEST = 2**30  # samples of all channels: four gigabytes, more than six hours at 48 kHz
STREAMED = 0x7FFFF000  # bytes; headers that were written before the length was known promise at least this many


class AudioError(ValueError):
    """An unusable file: its path, and what was expected of it."""


def find_audio(folder: Path | str) -> list[Path]:
    """Every audio file below ``folder``, sorted by path; hidden files are left out.

    Raises:
        ValueError: No such folder, or no audio below it.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not paths:
        raise ValueError(f"no audio below {folder}; expected files that end in {', '.join(SUFFIXES)}")
    return paths


def read_audio(
    path: Path | str,
    sample_rate: int | None = None,
    expected_rate: int | None = None,
    expected_channels: int | None = None,
) -> Tensor:
    """Decodes a file.

    What overshoots [-1, 1], as lossy coders and resampling do, is made softer as a whole, and never clipped.

    Args:
        path: Path of the file.
        sample_rate: Sample rate in Hz of the output; the file's own by default.
        expected_rate: Sample rate in Hz that the file must have, if any.
        expected_channels: Number of channels that the file must have, if any.

    Returns:
        ``(channel, time)`` float32 in [-1, 1].

    Raises:
        AudioError: A file that is missing, empty, truncated, too large, or no audio, that has samples which are NaN,
            infinite or far beyond [-1, 1], or another sample rate or number of channels than expected or possible.
    """
    if not Path(path).is_file():
        raise AudioError(f"{path}: {'is no regular file' if Path(path).exists() else 'no such file'}")
    try:
        with soundfile.SoundFile(path) as file:
            declared, rate, log = file.frames, file.samplerate, file.extra_info
            if not RATES[0] <= rate <= RATES[1]:
                raise AudioError(f"{path}: has {rate} samples per second; expected {RATES[0]} to {RATES[1]:,}")
            if declared * file.channels > LARGEST:
                raise AudioError(f"{path}: promises {declared * file.channels:,} samples; expected at most {LARGEST:,}")
            samples = torch.from_numpy(file.read(dtype="float32", always_2d=True).T.copy())
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path}: can't be decoded as audio ({error})") from error
    _check_whole(path, log)
    if samples.shape[1] == 0:
        raise AudioError(f"{path}: is empty; expected at least one sample")
    if samples.shape[1] < declared:
        raise AudioError(f"{path}: is truncated; its header promises {declared} samples, it has {samples.shape[1]}")
    if not samples.isfinite().all():
        count = int((~samples.isfinite()).sum())
        raise AudioError(f"{path}: {count} of its samples are NaN or infinite; expected numbers in [-1, 1]")
    if expected_rate is not None and rate != expected_rate:
        raise AudioError(f"{path}: has {rate} samples per second; expected {expected_rate}")
    if expected_channels is not None and len(samples) != expected_channels:
        raise AudioError(f"{path}: has {len(samples)} channel(s); expected {expected_channels}")
    loudest = float(samples.abs().max())
    if loudest > LOUDEST:
        raise AudioError(f"{path}: has samples up to {loudest:,.4g}; expected numbers in [-1, 1]")
    if sample_rate is not None:
        samples = resample(samples, rate, sample_rate)
    return samples / samples.abs().max().clamp_min(1)


def _check_whole(path: Path | str, log: str) -> None:
    """Raises AudioError for a WAV or AIFF file shorter than its header says, which libsndfile only logs."""
    match = re.search(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    if match is None:
        return
    declared, found = int(match[1]), int(match[2])
    if found < declared < STREAMED:
        raise AudioError(f"{path}: is truncated; its header promises {declared} bytes of samples, it has {found}")


def to_int16(x: Tensor) -> Tensor:
    """Turns samples in [-1, 1] into 16-bit integers n = round(32768·x), limited to what 16 bits hold."""
    return (x * 32768).round().clamp(-32768, 32767).to(torch.int16)
