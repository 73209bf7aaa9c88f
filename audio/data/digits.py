"""Spoken digits: the Free Spoken Digit Dataset and AudioMNIST."""

import re

from audio.data.catalog import Recording
from audio.data.files import find_audio
from audio.data.recorded import RecordedData
from viewlearn.bounds import Count


class SpokenDigits(RecordedData):
    """Free Spoken Digit Dataset: ``DIGIT_SPEAKER_INDEX.wav``, 8 kHz; tasks ``digit`` and ``speaker``.

    The test split is its own, indices 0 to 4; or all recordings of held-out speakers, which is harder and leaves
    only the task ``digit``.

    Args:
        root: Folder of the recordings.
        held_out_speakers: Names of the speakers that make up the test split.
        geometry: Name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A file name of another form, a speaker who isn't there, and what ``RecordedData`` raises.
    """

    def __init__(
        self, root: str, held_out_speakers: list[str] | None = None, geometry: str = "64x64_1s_8khz", **kwargs
    ):
        held_out = held_out_speakers or []
        recordings, speakers = [], set()
        for path in find_audio(root):
            match = re.fullmatch(r"(\d)_(.+)_(\d+)", path.stem)
            if match is None:
                raise ValueError(f"{path}: expected a name of the form DIGIT_SPEAKER_INDEX")
            digit, speaker, index = match.groups()
            test = speaker in held_out if held_out else int(index) < 5
            labels = {"digit": digit} if held_out else {"digit": digit, "speaker": speaker}
            recordings.append(Recording(path, labels, "test" if test else "train"))
            speakers.add(speaker)
        unknown = sorted(set(held_out) - speakers)
        if unknown:
            raise ValueError(f"no speaker {unknown[0]!r}; there are: {', '.join(sorted(speakers))}")
        super().__init__(recordings, geometry=geometry, **kwargs)


class AudioMNIST(RecordedData):
    """AudioMNIST (Becker et al., 2018): ``data/SPEAKER/DIGIT_SPEAKER_INDEX.wav``, 48 kHz; task ``digit``.

    Test and training speakers differ: by default the last 12 of 60, as in the published probes' 48 to 12.

    Args:
        root: Folder that holds ``data``.
        num_test_speakers: Number of speakers, the last ones, that make up the test split.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: A file name of another form, too many test speakers, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, num_test_speakers: Count = 12, **kwargs):
        files = []
        for path in find_audio(root):
            match = re.fullmatch(r"(\d)_(\d+)_(\d+)", path.stem)
            if match is None:
                raise ValueError(f"{path}: expected a name of the form DIGIT_SPEAKER_INDEX")
            files.append((path, match.group(1), match.group(2)))
        speakers = sorted({speaker for *_, speaker in files})
        if not 0 < num_test_speakers < len(speakers):
            raise ValueError(f"num_test_speakers is {num_test_speakers} of {len(speakers)} speakers")
        test = set(speakers[-num_test_speakers:])
        recordings = [
            Recording(path, {"digit": digit}, "test" if speaker in test else "train") for path, digit, speaker in files
        ]
        super().__init__(recordings, **kwargs)
