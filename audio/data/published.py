"""Data sets that torchaudio describes: its metadata, decoded with soundfile.

torchaudio's own ``load`` needs torchcodec and FFmpeg; its lists of files, splits and labels need neither.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torchaudio.datasets

from audio.data.catalog import Recording
from audio.data.recorded import RecordedData
from viewlearn.data import Split

LibriSpeechPart = Literal[
    "dev-clean", "dev-other", "test-clean", "test-other", "train-clean-100", "train-clean-360", "train-other-500"
]


class LibriSpeech(RecordedData):
    """A part of LibriSpeech (Panayotov et al., 2015), 16 kHz; task ``speaker``.

    Training and test recordings are drawn from the same speakers, as in the published speaker-identification probe
    (80 to 20 % of dev-clean); with ``disjoint="speaker"`` they aren't, and no task is left.

    Args:
        root: folder that holds ``LibriSpeech/PART``.
        part: of the data set.
        kwargs: those of ``RecordedData``.

    Raises:
        ValueError: the part isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, part: LibriSpeechPart = "train-clean-100", **kwargs):
        source = _open(lambda: torchaudio.datasets.LIBRISPEECH(root, part))
        rows = (source.get_metadata(i) for i in range(len(source)))
        folder = Path(root) / "LibriSpeech"
        super().__init__([Recording(folder / path, {"speaker": str(s)}) for path, _, _, s, *_ in rows], **kwargs)


class SpeechCommands(RecordedData):
    """Google Speech Commands (Warden, 2018), 16 kHz, 1 s clips; task ``word``, with its own splits.

    Args:
        root: folder that holds ``SpeechCommands/VERSION``.
        version: of the data set.
        kwargs: those of ``RecordedData``.

    Raises:
        ValueError: the data set isn't there, and what ``RecordedData`` raises.
    """

    def __init__(
        self,
        root: str,
        version: Literal["speech_commands_v0.01", "speech_commands_v0.02"] = "speech_commands_v0.02",
        **kwargs,
    ):
        folder, recordings = Path(root) / "SpeechCommands", []
        parts: dict[Split, str] = {"train": "training", "validation": "validation", "test": "testing"}
        for split, part in parts.items():
            source = _open(lambda part=part: torchaudio.datasets.SPEECHCOMMANDS(root, version, subset=part))
            rows = (source.get_metadata(i) for i in range(len(source)))
            recordings += [Recording(folder / path, {"word": word}, split) for path, _, word, *_ in rows]
        super().__init__(recordings, **kwargs)


class FluentSpeechCommands(RecordedData):
    """Fluent Speech Commands (Lugosch et al., 2019), 16 kHz; tasks ``action``, ``object``, ``location``.

    With its own splits, which are disjoint in speakers.

    Args:
        root: folder that holds ``fluent_speech_commands_dataset``.
        kwargs: those of ``RecordedData``.

    Raises:
        ValueError: the data set isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, **kwargs):
        folder, recordings = Path(root) / "fluent_speech_commands_dataset", []
        parts: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
        for split, part in parts.items():
            source = _open(lambda part=part: torchaudio.datasets.FluentSpeechCommands(root, part))
            for i in range(len(source)):
                path, _, _, _, _, *labels = source.get_metadata(i)
                named = dict(zip(("action", "object", "location"), labels, strict=True))
                recordings.append(Recording(folder / path, named, split))
        super().__init__(recordings, **kwargs)


class VoxCeleb1(RecordedData):
    """VoxCeleb1 for identification (Nagrani et al., 2017), 16 kHz; task ``speaker``, with its own splits.

    Args:
        root: folder that holds ``wav/idNNNNN/…`` and ``iden_split.txt``.
        kwargs: those of ``RecordedData``.

    Raises:
        ValueError: the data set or its list of splits isn't there, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, **kwargs):
        if not (Path(root) / "iden_split.txt").is_file():
            raise ValueError(f"no iden_split.txt in {root}; VoxCeleb1's identification splits are listed there")
        folder, recordings = Path(root) / "wav", []
        parts: dict[Split, str] = {"train": "train", "validation": "dev", "test": "test"}
        for split, part in parts.items():
            source = _open(lambda part=part: torchaudio.datasets.VoxCeleb1Identification(root, part))
            paths = [Path(source.get_metadata(i)[0]) for i in range(len(source))]
            recordings += [Recording(folder / path, {"speaker": path.parts[0]}, split) for path in paths]
        super().__init__(recordings, **kwargs)


def _open(make: Callable):
    """torchaudio's data set; that it isn't there is the user's mistake, not a RuntimeError."""
    try:
        return make()
    except (RuntimeError, OSError) as error:
        raise ValueError(str(error)) from error
