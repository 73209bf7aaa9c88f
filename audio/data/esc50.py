"""ESC-50: environmental sounds."""

import csv
from pathlib import Path
from typing import Annotated

from audio.data.catalog import Recording
from audio.data.recorded import RecordedData
from viewlearn.bounds import Bounds, Seconds


class ESC50(RecordedData):
    """ESC-50 (Piczak, 2015): 2,000 environmental sounds of 5 s, 44.1 kHz; task ``category``.

    Args:
        root: Folder that holds ``audio`` and ``meta/esc50.csv``.
        test_fold: Fold, of five, that is the test split; clips of one recording share a fold.
        seconds: Length of the clips that the encoder reads.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: No such table, a fold outside 1 to 5, and what ``RecordedData`` raises.
    """

    def __init__(self, root: str, test_fold: Annotated[int, Bounds(1, 5)] = 5, seconds: Seconds = 5.0, **kwargs):
        table = Path(root).expanduser() / "meta" / "esc50.csv"
        if not table.is_file():
            raise ValueError(f"no table {table}; ESC-50 lists its recordings there")
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        recordings = [
            Recording(
                table.parent.parent / "audio" / row["filename"],
                {"category": row["category"]},
                "test" if int(row["fold"]) == test_fold else "train",
            )
            for row in rows
        ]
        super().__init__(recordings, seconds=seconds, **kwargs)
