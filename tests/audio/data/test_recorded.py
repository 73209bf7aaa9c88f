"""Folders, labels, splits and the cache of decoded audio."""

import json
import math
import os
import warnings

import numpy as np
import pytest
import soundfile
import torch

from audio.data import AudioError, AudioFolder, Recording, assign_splits, decoded
from audio.data.catalog import encode_labels

RATE = 8000
SPEAKERS = ("ann", "bob", "cem", "dia", "eva")


def write(path, seconds=0.5, hz=440.0, rate=RATE, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    soundfile.write(path, np.stack([0.3 * np.sin(2 * math.pi * hz * time)] * channels, axis=1), rate)


@pytest.fixture
def folder(tmp_path):
    for digit in range(2):
        for k, speaker in enumerate(SPEAKERS):
            for take in range(4):
                write(tmp_path / "sounds" / f"{digit}_{speaker}_{take}.wav", hz=200 + 100 * digit + 13 * k + take)
    return tmp_path / "sounds"


PATTERN = r"(?P<digit>\d)_(?P<speaker>\w+)_\d+\.wav"


def make(folder, **kwargs):
    defaults = {"geometry": "64x64_1s_8khz", "cache": str(folder.parent / "cache")}
    return AudioFolder(str(folder), **{**defaults, **kwargs})


def speakers_of(data, split):
    return {r.labels["speaker"] for r in data.recordings if r.split == split}


def test_unlabeled_folder_is_enough(folder):
    data = make(folder)
    assert data.spec.tasks == {} and data.spec.shape == (1, 64, 64)
    assert data.spec.sample_rate == RATE and data.spec.num_samples == RATE
    sizes = [len(data.split(name)) for name in ("train", "validation", "test")]
    assert sum(sizes) == 40 and sizes == [29, 3, 8] and data.spec.num_train == 29
    x, labels = data.split("train")[0]
    assert x.shape == (1, RATE) and x.dtype == torch.int16 and labels == {}


def test_pattern_labels_and_marked_test_files(folder):
    data = make(folder, labels="pattern", pattern=PATTERN, test_pattern=r"_0\.wav")
    assert data.spec.tasks == {"digit": ("0", "1"), "speaker": SPEAKERS}
    assert len(data.split("test")) == 10
    index = data.split("test").labels
    assert sorted(zip(index["digit"].tolist(), index["speaker"].tolist(), strict=True)) == [
        (d, s) for d in range(2) for s in range(5)
    ]


def test_several_spellings_of_a_class_and_files_left_out(tmp_path):
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


def test_splits_are_disjoint_in_speakers_where_asked(folder):
    data = make(folder, labels="pattern", pattern=PATTERN, disjoint="speaker", validation_fraction=0.2)
    names = [speakers_of(data, split) for split in ("train", "validation", "test")]
    assert [len(n) for n in names] == [3, 1, 1] and set.union(*names) == set(SPEAKERS)
    assert data.spec.tasks == {"digit": ("0", "1")}, "nobody can name a speaker never heard"


def test_folder_labels_and_split_folders(tmp_path):
    for split in ("train", "test"):
        for name in ("cat", "dog/big"):
            for i in range(3):
                write(tmp_path / "s" / split / name / f"{i}.flac")
    data = make(tmp_path / "s", labels="folder")
    assert data.spec.tasks == {"class": ("cat", "dog/big")}
    assert len(data.split("test")) == 6 and len(data.split("train")) + len(data.split("validation")) == 6


def test_table_labels(folder):
    rows = ["path,mood,split"]
    for digit, mood in enumerate(("lo", "hi")):
        rows += [f"{digit}_{s}_0.wav,{mood},{'test' if s == 'eva' else ''}" for s in SPEAKERS]
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    data = make(folder, labels="table", table=str(folder / "labels.csv"))
    assert data.spec.tasks == {"mood": ("hi", "lo")} and len(data.split("test")) == 2


def test_labels_follow_their_clips(folder):
    """Each clip's pitch tells which file it is."""
    data = make(folder, labels="pattern", pattern=PATTERN)
    for name in ("train", "test"):
        split = data.split(name)
        for i in range(len(split)):
            x, labels = split[i]
            hz = np.abs(np.fft.rfft(x[0].numpy() * np.hanning(RATE))).argmax()
            assert (hz - 200) // 100 == labels["digit"]
            assert round(((hz - 200) % 100) / 13 - 0.1) == labels["speaker"]


def test_clips_are_centered_padded_and_kept_longer(tmp_path):
    write(tmp_path / "s" / "long.wav", 4.0)
    write(tmp_path / "s" / "short.wav", 0.25)
    for keep, size in ((None, RATE), (3.0, 3 * RATE)):
        data = make(tmp_path / "s", keep_seconds=keep, test_fraction=0.0, validation_fraction=0.0)
        long, short = (data.split("train")[i][0][0] for i in range(2))
        assert long.shape == short.shape == (size,)
        assert (long[:8].abs().max() > 1000) and short[: (size - RATE // 4) // 2].abs().max() == 0
        assert short.abs().argmax() > (size - RATE // 4) // 2 - 1
        assert data.spec.num_samples == RATE and data.front_end(torch.randn(2, 1, size)).shape == (2, 1, 64, 64)


def test_statistics_are_measured_once_and_can_be_given(folder):
    data = make(folder)
    z = data.front_end(data.decode(data.split("train").x))
    assert z.mean() == pytest.approx(0, abs=1e-3) and z.std() == pytest.approx(1, abs=1e-3)
    again = make(folder, **data.resolved())
    assert (again.log_mel.mean, again.log_mel.std) == (data.log_mel.mean, data.log_mel.std)


def test_what_does_not_fit_is_read_from_the_cache_and_is_the_same(folder):
    memory, disk = (make(folder, memory_gb=size).split("train") for size in (1.0, 0.0))
    assert type(disk).__name__ == "Clips"
    assert all(torch.equal(memory[i][0], disk[i][0]) and memory[i][1] == disk[i][1] for i in range(len(memory)))


def test_cache_is_read_and_not_decoded_again(folder, monkeypatch):
    make(folder).split("train")
    monkeypatch.setattr("audio.data.cache.read", lambda *_: pytest.fail("decoded again"))
    make(folder).split("train")


def test_a_changed_file_is_decoded_anew(folder):
    paths = sorted(folder.glob("*.wav"))
    before = decoded(paths, RATE, folder.parent / "c")
    write(paths[0], 0.7)
    after = decoded(paths, RATE, folder.parent / "c")
    assert len(before[0]) == 4000 and len(after[0]) == 5600 and torch.equal(before[1], after[1])


def test_an_interrupted_cache_is_never_read(folder, monkeypatch):
    paths = sorted(folder.glob("*.wav"))
    with monkeypatch.context() as patch:
        patch.setattr(json, "dumps", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            decoded(paths, RATE, folder.parent / "c")
    assert os.listdir(folder.parent / "c") == []
    assert len(decoded(paths, RATE, folder.parent / "c").lengths) == 40


def test_cache_resamples_and_mixes_down(tmp_path):
    write(tmp_path / "x.wav", 1.0, 300.0, rate=44100, channels=2)
    sound = decoded([tmp_path / "x.wav"], RATE, tmp_path / "c")[0]
    assert sound.shape == (RATE,) and np.abs(np.fft.rfft(sound.numpy())).argmax() == 300


def test_unreadable_files_stop_or_are_counted_and_listed(folder):
    bad = folder / "0_bob_9.wav"
    bad.write_text("no audio")
    with pytest.raises(AudioError, match="0_bob_9"):
        make(folder).split("train")
    data = make(folder, unreadable="skip")
    with pytest.warns(UserWarning, match="skipped 1 of 41 files"):
        sizes = [len(data.split(name)) for name in ("train", "validation", "test")]
    assert sum(sizes) == 40 and list(data.skipped) == [str(bad)] and "decoded" in data.skipped[str(bad)]


def test_recordings_shorter_than_a_window_stop_are_skipped_or_padded(folder):
    write(folder / "short.wav", 0.06)
    with pytest.raises(AudioError, match=r"short.wav: has 480 samples at 8000 Hz; expected at least 512"):
        make(folder).split("train")
    data = make(folder, unreadable="skip")
    with pytest.warns(UserWarning, match="skipped 1 of 41 files"):
        assert sum(len(data.split(name)) for name in ("train", "validation", "test")) == 40
    assert list(data.skipped) == [str(folder / "short.wav")]
    data = make(folder, min_seconds=0.0)
    assert sum(len(data.split(name)) for name in ("train", "validation", "test")) == 41
    with pytest.raises(AudioError, match=r"none of 41 files is long enough; the first: .*0_ann_0.wav"):
        make(folder, unreadable="skip", min_seconds=2.0).split("train")


def test_unexpected_sample_rates_and_channels_are_said(folder):
    write(folder / "odd.wav", rate=16000, channels=2)
    for name, value, message in (
        ("expected_rate", RATE, "odd.wav: has 16000 samples per second; expected 8000"),
        ("expected_channels", 1, r"odd.wav: has 2 channel\(s\); expected 1"),
    ):
        with pytest.raises(AudioError, match=message):
            make(folder, **{name: value}).split("train")
    assert len(make(folder).sounds.lengths) == 41  # by default, both are converted


def test_nothing_readable_is_an_error_even_when_skipping(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "x.wav").write_text("no audio")
    with pytest.raises(AudioError, match="none of 1 files could be read"), warnings.catch_warnings():
        make(tmp_path / "s", unreadable="skip").split("train")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"labels": "pattern"}, "give the one it needs"),
        ({"labels": "pattern", "pattern": r"(?P<digit>\d)_x"}, "doesn't match 0_ann_0.wav"),
        ({"labels": "pattern", "pattern": r"\d_"}, "no named group"),
        ({"labels": "folder"}, "lies in no class's folder"),
        ({"test_pattern": "zebra"}, "matches none of 40 files"),
        ({"disjoint": "speaker"}, "no 'speaker' is known of"),
        ({"geometry": "3x3"}, "no geometry '3x3'"),
        ({"seconds": 2.0, "keep_seconds": 1.0}, "keep_seconds 1.0"),
        ({"test_fraction": 1.0}, "test_fraction is 1.0"),
        ({"sample_rate": 0}, "sample_rate is 0"),
        ({"seconds": 0.02}, "160 samples at 8000 Hz; the geometry 64x64_1s_8khz needs more than 256"),
    ],
)
def test_mistakes_are_said(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(folder, **arguments)


def test_unknown_splits_are_said(folder):
    with pytest.raises(ValueError, match="no split 'dev'"):
        make(folder).split("dev")


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
