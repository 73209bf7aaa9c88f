"""Decoded and resampled audio on disk: one memory-mapped array of 16-bit samples for a list of files."""

import hashlib
import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from audio.data.files import AudioError, read_audio, to_int16
from viewlearn.data import Unreadable, report_unreadable
from viewlearn.files import remove_folder, write_text, writing_folder

VERSION = 2
NUM_CHECKED = 10_000  # sounds that are checked when a cache is opened; all are when they are read
SAMPLES, INDEX = "samples.int16", "index.json"


@dataclass(frozen=True)
class Decoded:
    """Mono sounds of one sample rate, in the order of the files that they come from.

    Args:
        samples: All sounds one after another, int16; memory-mapped.
        starts: First sample of each sound.
        lengths: Length of each sound in samples; 0 for a file that was skipped.
        skipped: Path and reason of each unreadable file, if these were to be skipped.
        checksums: CRC-32 of each sound.
        folder: Folder of the cache.
    """

    samples: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    skipped: dict[str, str]
    checksums: np.ndarray
    folder: Path

    def __getitem__(self, index: int) -> Tensor:
        """One sound, ``(time,)`` int16, as a copy of its own.

        Raises:
            AudioError: The cache was damaged since it was opened.
        """
        start = self.starts[index]
        sound = np.array(self.samples[start : start + self.lengths[index]])
        if len(sound) and crc32(sound.tobytes()) != self.checksums[index]:
            raise AudioError(f"{self.folder / SAMPLES}: is damaged; remove {self.folder}, and it is made anew")
        return torch.from_numpy(sound)


def _default_folder() -> Path:
    """``$XDG_CACHE_HOME/viewlearn/audio``, or below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "viewlearn" / "audio"


def decode_files(
    paths: Sequence[Path],
    sample_rate: int,
    folder: Path | str | None = None,
    unreadable: Unreadable = "stop",
    expected_rate: int | None = None,
    expected_channels: int | None = None,
) -> Decoded:
    """Decodes, mixes down and resamples a list of files, or reads what the cache has of it.

    The cache's key holds each path, size and time of change, so that a changed file is decoded anew. A cache is written
    under a temporary name and renamed when it is whole: an interrupted one is never read. One that is cut or damaged is
    made anew; processes that want the same one wait for the first.

    Args:
        paths: Paths of the files.
        sample_rate: Sample rate in Hz, to which all are resampled.
        folder: Folder of the caches; by default ``$XDG_CACHE_HOME/viewlearn/audio``, or below ``~/.cache``.
        unreadable: Whether a file that can't be read raises an error, or is skipped and listed.
        expected_rate: Sample rate in Hz; a file of another one is unreadable, instead of resampled.
        expected_channels: Number of channels; a file of another one is unreadable, instead of mixed down.

    Raises:
        ValueError: Unreadable files, unless they are skipped; no readable file at all.
    """
    final = Path(folder).expanduser() if folder is not None else _default_folder()
    expected = {"expected_rate": expected_rate, "expected_channels": expected_channels}
    expected = {name: value for name, value in expected.items() if value is not None}
    final = final / _key(paths, sample_rate, unreadable, expected)
    decoded = _opened(final, len(paths))
    if decoded is not None:
        return decoded
    final.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{final}.lock"):
        decoded = _opened(final, len(paths))  # another process may have filled it meanwhile
        if decoded is None:
            if final.exists():
                warnings.warn(f"the cache {final} is damaged, and is made anew", stacklevel=2)
                remove_folder(final)
            _fill(final, paths, sample_rate, unreadable, expected)
            decoded = _opened(final, len(paths))
    if decoded is None:
        raise AudioError(f"{final}: what was just written there can't be read")
    return decoded


def _opened(final: Path, num_files: int) -> Decoded | None:
    """A cache; None where there is none, or a damaged one."""
    try:
        index = json.loads((final / INDEX).read_text(encoding="utf-8"))
        lengths = np.array(index["lengths"], dtype=np.int64)
        checksums = np.array(index["checksums"], dtype=np.int64)
        samples = np.memmap(final / SAMPLES, dtype=np.int16, mode="r")
        decoded = Decoded(samples, np.cumsum(lengths) - lengths, lengths, dict(index["skipped"]), checksums, final)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not len(lengths) == len(checksums) == num_files or lengths.sum() != len(samples):
        return None
    try:
        for position in np.unique(np.linspace(0, num_files - 1, NUM_CHECKED).round().astype(np.int64)).tolist():
            decoded[position]
    except AudioError:
        return None
    return decoded


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


def _fill(
    final: Path, paths: Sequence[Path], sample_rate: int, unreadable: Unreadable, expected: dict[str, int]
) -> None:
    lengths, checksums, skipped = [], [], {}
    with writing_folder(final) as temporary:
        with open(temporary / SAMPLES, "wb") as file:
            for path in paths:
                try:
                    sound = to_int16(read_audio(path, sample_rate, **expected).mean(0))
                except AudioError as error:
                    skipped[str(path)] = str(error)
                    sound = torch.empty(0, dtype=torch.int16)
                content = sound.numpy().tobytes()
                file.write(content)
                lengths.append(len(sound))
                checksums.append(crc32(content))
        if skipped and (unreadable == "stop" or not any(lengths)):
            report_unreadable(skipped, len(paths), unreadable)
        write_text(temporary / INDEX, json.dumps({"lengths": lengths, "checksums": checksums, "skipped": skipped}))
