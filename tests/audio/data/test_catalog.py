"""Splits and labels of lists of recordings."""

import pytest

from audio.data import Recording, assign_splits
from audio.data.catalog import encode_labels


def test_split_choice_depends_on_the_seed_and_not_on_the_order(tmp_path):
    recordings = [Recording(tmp_path / f"{i}.wav", {"speaker": str(i % 7)}) for i in range(50)]

    def test_files(rs, seed=0):
        return {r.path for r in assign_splits(rs, 0.1, 0.2, seed=seed) if r.split == "test"}

    assert test_files(recordings) == test_files(recordings[::-1]) != test_files(recordings, 1)
    assert len(test_files(recordings)) == 10


def test_splits_that_divide_what_must_not_be_are_said(tmp_path):
    recordings = [Recording(tmp_path / f"{s}", {"speaker": "ann"}, s) for s in ("train", "test")]
    with pytest.raises(ValueError, match="speaker 'ann' is in two splits"):
        assign_splits(recordings, 0.1, 0.2, "speaker")


def test_numbers_are_sorted_by_value_and_missing_labels_said(tmp_path):
    recordings = [Recording(tmp_path / n, {"n": n}) for n in ("10", "9", "b", "a")]
    tasks, labels = encode_labels(recordings)
    assert tasks == {"n": ("9", "10", "a", "b")} and labels["n"].tolist() == [1, 0, 3, 2]
    with pytest.raises(ValueError, match="has no label for 'n'"):
        encode_labels([*recordings, Recording(tmp_path / "x", {})])
