"""Published data sets of speech: torchaudio's metadata, and recordings decoded with soundfile.

torchaudio's own ``load`` needs torchcodec and FFmpeg; its lists of files, splits and labels need neither. It is
imported where a data set is opened, so that runs on images don't load it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from audio.data.catalog import Recording
from audio.data.recorded import RecordedData
from viewlearn.data import Split

LibriSpeechPart = Literal[
    "dev-clean", "dev-other", "test-clean", "test-other", "train-clean-100", "train-clean-360", "train-other-500"
]


class LibriSpeech(RecordedData):
    """A part of LibriSpeech (Panayotov et al., 2015), 16 kHz; task ``speaker``.

    Training and test recordings come from the same speakers, as in the published speaker-identification probe (80 to
    20 % of dev-clean); with ``disjoint="speaker"`` they don't, and no task is left.

    Args:
        root: Folder that holds ``LibriSpeech/PART``.
        part: Part of the data set.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A part that isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, part: LibriSpeechPart = "train-clean-100", **kwargs):
        from torchaudio.datasets import LIBRISPEECH

        rows, folder = _metadata(lambda: LIBRISPEECH(root, part)), Path(root) / "LibriSpeech"
        super().__init__([Recording(folder / path, {"speaker": str(s)}) for path, _, _, s, *_ in rows], **kwargs)


class SpeechCommands(RecordedData):
    """Google Speech Commands (Warden, 2018), 16 kHz, 1 s clips; task ``word``, with its own splits.

    Args:
        root: Folder that holds ``SpeechCommands/VERSION``.
        version: Version of the data set.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A data set that isn't there, and what ``RecordedData`` raises.
    """

    def __init__(
        self,
        root: str,
        version: Literal["speech_commands_v0.01", "speech_commands_v0.02"] = "speech_commands_v0.02",
        **kwargs,
    ):
        from torchaudio.datasets import SPEECHCOMMANDS

        folder, recordings = Path(root) / "SpeechCommands", []
        parts: dict[Split, str] = {"train": "training", "validation": "validation", "test": "testing"}
        for split, part in parts.items():
            rows = _metadata(lambda part=part: SPEECHCOMMANDS(root, version, subset=part))
            recordings += [Recording(folder / path, {"word": word}, split) for path, _, word, *_ in rows]
        super().__init__(recordings, **kwargs)


class FluentSpeechCommands(RecordedData):
    """Fluent Speech Commands (Lugosch et al., 2019), 16 kHz; tasks ``action``, ``object``, ``location``.

    It has its own splits, which are disjoint in speakers.

    Args:
        root: Folder that holds ``fluent_speech_commands_dataset``.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A data set that isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, **kwargs):
        from torchaudio.datasets import FluentSpeechCommands as Listing

        folder, recordings = Path(root) / "fluent_speech_commands_dataset", []
        parts: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
        for split, part in parts.items():
            for path, _, _, _, _, *labels in _metadata(lambda part=part: Listing(root, part)):
                named = dict(zip(("action", "object", "location"), labels, strict=True))
                recordings.append(Recording(folder / path, named, split))
        super().__init__(recordings, **kwargs)


class VoxCeleb1(RecordedData):
    """VoxCeleb1 for identification (Nagrani et al., 2017), 16 kHz; task ``speaker``, with its own splits.

    Args:
        root: Folder that holds ``wav/idNNNNN/…`` and ``iden_split.txt``.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A data set or a list of its splits that isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, **kwargs):
        from torchaudio.datasets import VoxCeleb1Identification

        if not (Path(root) / "iden_split.txt").is_file():
            raise ValueError(f"no iden_split.txt in {root}; it lists VoxCeleb1's splits for identification")
        folder, recordings = Path(root) / "wav", []
        parts: dict[Split, str] = {"train": "train", "validation": "dev", "test": "test"}
        for split, part in parts.items():
            paths = [Path(row[0]) for row in _metadata(lambda part=part: VoxCeleb1Identification(root, part))]
            recordings += [Recording(folder / path, {"speaker": path.parts[0]}, split) for path in paths]
        super().__init__(recordings, **kwargs)


class _Listing(Protocol):
    """What torchaudio's data sets have in common: rows of a path, facts and labels."""

    def __len__(self) -> int: ...

    def get_metadata(self, n: int) -> tuple[Any, ...]: ...


def _metadata(make: Callable[[], _Listing]) -> list[tuple[Any, ...]]:
    """The rows of torchaudio's data set.

    Raises:
        ValueError: A data set that isn't there, which is the user's mistake and not a RuntimeError.
    """
    try:
        listing = make()
    except (RuntimeError, OSError) as error:
        raise ValueError(str(error)) from error
    return [listing.get_metadata(i) for i in range(len(listing))]
