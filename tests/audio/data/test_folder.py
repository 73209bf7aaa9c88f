"""Folders of recordings: labels from names, folders and tables."""

import pytest
import torch

RATE = 8000
SPEAKERS = ("ann", "bob", "cem", "dia", "eva")
PATTERN = r"(?P<digit>\d)_(?P<speaker>\w+)_\d+\.wav"


def test_unlabeled_folder_is_enough(folder, make):
    data = make(folder)
    assert data.spec.tasks == {} and data.spec.shape == (1, 64, 64)
    assert data.spec.sample_rate == RATE and data.spec.num_samples == RATE
    sizes = [len(data.split(name)) for name in ("train", "validation", "test")]
    assert sum(sizes) == 40 and sizes == [29, 3, 8] and data.spec.num_train == 29
    x, labels = data.split("train")[0]
    assert x.shape == (1, RATE) and x.dtype == torch.int16 and labels == {}


def test_pattern_labels_and_marked_test_files(folder, make):
    data = make(folder, labels="pattern", pattern=PATTERN, test_pattern=r"_0\.wav")
    assert data.spec.tasks == {"digit": ("0", "1"), "speaker": SPEAKERS}
    assert len(data.split("test")) == 10
    index = data.split("test").labels
    assert sorted(zip(index["digit"].tolist(), index["speaker"].tolist(), strict=True)) == [
        (d, s) for d in range(2) for s in range(5)
    ]


def test_several_spellings_of_a_class_and_files_left_out(tmp_path, write, make):
    for name in ("kick 1.wav", "BD_2.wav", "snare.wav", "whistle.wav"):
        write(tmp_path / "s" / name)
    pattern = r"(?i)(?P<kind__kick>kick|bd)|(?P<kind__snare>snare|sn)"
    data = make(tmp_path / "s", labels="pattern", pattern=pattern, unmatched="leave_out", test_fraction=0.0)
    assert data.spec.tasks == {"kind": ("kick", "snare")}
    assert {r.path.name: r.labels["kind"] for r in data.recordings} == {
        "kick 1.wav": "kick",
        "BD_2.wav": "kick",
        "snare.wav": "snare",
    }
    with pytest.raises(ValueError, match="matches none of 4 files"):
        make(tmp_path / "s", labels="pattern", pattern="(?P<x>zebra)", unmatched="leave_out")


def test_folder_labels_and_split_folders(tmp_path, write, make):
    for split in ("train", "test"):
        for name in ("cat", "dog/big"):
            for i in range(3):
                write(tmp_path / "s" / split / name / f"{i}.flac")
    data = make(tmp_path / "s", labels="folder")
    assert data.spec.tasks == {"class": ("cat", "dog/big")}
    assert len(data.split("test")) == 6 and len(data.split("train")) + len(data.split("validation")) == 6


def test_table_labels(folder, make):
    rows = ["path,mood,split"]
    for digit, mood in enumerate(("lo", "hi")):
        rows += [f"{digit}_{s}_0.wav,{mood},{'test' if s == 'eva' else ''}" for s in SPEAKERS]
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    data = make(folder, labels="table", table=str(folder / "labels.csv"))
    assert data.spec.tasks == {"mood": ("hi", "lo")} and len(data.split("test")) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"labels": "pattern"}, "give the one it needs"),
        ({"labels": "pattern", "pattern": r"(?P<digit>\d)_x"}, "doesn't match 0_ann_0.wav"),
        ({"labels": "pattern", "pattern": r"\d_"}, "no named group"),
        ({"labels": "folder"}, "lies in no class's folder"),
        ({"test_pattern": "zebra"}, "matches none of 40 files"),
    ],
)
def test_mistakes_are_said(folder, arguments, message, make):
    with pytest.raises(ValueError, match=message):
        make(folder, **arguments)
