"""Decoded and resampled audio on disk: one memory-mapped array of 16-bit samples for a list of files."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from audio.data.files import AudioError, read_audio, to_int16
from viewlearn.files import write_text, writing_folder

VERSION = 1
SAMPLES, INDEX = "samples.int16", "index.json"


@dataclass(frozen=True)
class Decoded:
    """Mono sounds of one sample rate, in the order of the files that they come from.

    Args:
        samples: All sounds one after another, int16; memory-mapped.
        starts: First sample of each sound.
        lengths: Length of each sound in samples; 0 for a file that was skipped.
        skipped: Path and reason of each unreadable file, if these were to be skipped.
    """

    samples: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    skipped: dict[str, str]

    def __getitem__(self, index: int) -> Tensor:
        """One sound, ``(time,)`` int16, as a copy of its own."""
        start = self.starts[index]
        return torch.from_numpy(np.array(self.samples[start : start + self.lengths[index]]))


def _default_folder() -> Path:
    """``$XDG_CACHE_HOME/viewlearn/audio``, or below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "viewlearn" / "audio"


def decode_files(
    paths: Sequence[Path],
    sample_rate: int,
    folder: Path | str | None = None,
    unreadable: Literal["stop", "skip"] = "stop",
    expected_rate: int | None = None,
    expected_channels: int | None = None,
) -> Decoded:
    """Decodes, mixes down and resamples a list of files, or reads what the cache has of it.

    The cache's key holds each path, size and time of change, so that a changed file is decoded anew. A cache is written
    under a temporary name and renamed when it is whole: an interrupted one is never read.

    Args:
        paths: Paths of the files.
        sample_rate: Sample rate in Hz, to which all are resampled.
        folder: Folder of the caches; by default ``$XDG_CACHE_HOME/viewlearn/audio``, or below ``~/.cache``.
        unreadable: Whether a file that can't be read raises an error, or is skipped and listed.
        expected_rate: Sample rate in Hz; a file of another one is unreadable, instead of resampled.
        expected_channels: Number of channels; a file of another one is unreadable, instead of mixed down.

    Raises:
        AudioError: An unreadable file, unless it is skipped; no readable file at all.
    """
    final = Path(folder).expanduser() if folder is not None else _default_folder()
    expected = {"expected_rate": expected_rate, "expected_channels": expected_channels}
    expected = {name: value for name, value in expected.items() if value is not None}
    final = final / _key(paths, sample_rate, unreadable, expected)
    if not final.exists():
        _fill(final, paths, sample_rate, unreadable, expected)
    index = json.loads((final / INDEX).read_text(encoding="utf-8"))
    lengths = np.array(index["lengths"], dtype=np.int64)
    samples = np.memmap(final / SAMPLES, dtype=np.int16, mode="r")
    return Decoded(samples, np.cumsum(lengths) - lengths, lengths, index["skipped"])


def _key(paths: Sequence[Path], sample_rate: int, unreadable: str, expected: dict[str, int]) -> str:
    digest = hashlib.sha256(f"{VERSION} {sample_rate} {unreadable} int16 mono".encode())
    digest.update("".join(f" {name} {value}" for name, value in expected.items()).encode())
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            raise AudioError(f"{path}: can't be opened ({error.strerror})") from error
        digest.update(f"\n{Path(path).absolute()} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _fill(final: Path, paths: Sequence[Path], sample_rate: int, unreadable: str, expected: dict[str, int]) -> None:
    lengths, skipped = [], {}
    with writing_folder(final) as temporary:
        with open(temporary / SAMPLES, "wb") as file:
            for path in paths:
                try:
                    sound = to_int16(read_audio(path, sample_rate, **expected).mean(0))
                except AudioError as error:
                    if unreadable == "stop":
                        raise
                    skipped[str(path)] = str(error)
                    sound = torch.empty(0, dtype=torch.int16)
                file.write(sound.numpy().tobytes())
                lengths.append(len(sound))
        if not any(lengths):
            raise AudioError(f"none of {len(paths)} files could be read; the first: {next(iter(skipped.values()))}")
        write_text(temporary / INDEX, json.dumps({"lengths": lengths, "skipped": skipped}))
