"""Recordings as data: splits, labels, clips, statistics, and what can't be read."""

import warnings

import numpy as np
import pytest
import torch

RATE = 8000
SPEAKERS = ("ann", "bob", "cem", "dia", "eva")
PATTERN = r"(?P<digit>\d)_(?P<speaker>\w+)_\d+\.wav"


def speakers_of(data, split):
    return {r.labels["speaker"] for r in data.recordings if r.split == split}


def test_splits_are_disjoint_in_speakers_where_asked(folder, make):
    data = make(folder, labels="pattern", pattern=PATTERN, disjoint="speaker", validation_fraction=0.2)
    names = [speakers_of(data, split) for split in ("train", "validation", "test")]
    assert [len(n) for n in names] == [3, 1, 1] and set.union(*names) == set(SPEAKERS)
    assert data.spec.tasks == {"digit": ("0", "1")}, "nobody can name a speaker never heard"


def test_labels_follow_their_clips(folder, make):
    """Each clip's pitch tells which file it is."""
    data = make(folder, labels="pattern", pattern=PATTERN)
    for name in ("train", "test"):
        split = data.split(name)
        for i in range(len(split)):
            x, labels = split[i]
            hz = np.abs(np.fft.rfft(x[0].numpy() * np.hanning(RATE))).argmax()
            assert (hz - 200) // 100 == labels["digit"]
            assert round(((hz - 200) % 100) / 13 - 0.1) == labels["speaker"]


def test_clips_are_centered_padded_and_kept_longer(tmp_path, write, make):
    write(tmp_path / "s" / "long.wav", 4.0)
    write(tmp_path / "s" / "short.wav", 0.25)
    for keep, size in ((None, RATE), (3.0, 3 * RATE)):
        data = make(tmp_path / "s", keep_seconds=keep, test_fraction=0.0, validation_fraction=0.0)
        long, short = (data.split("train")[i][0][0] for i in range(2))
        assert long.shape == short.shape == (size,)
        assert (long[:8].abs().max() > 1000) and short[: (size - RATE // 4) // 2].abs().max() == 0
        assert short.abs().argmax() > (size - RATE // 4) // 2 - 1
        assert data.spec.num_samples == RATE and data.front_end(torch.randn(2, 1, size)).shape == (2, 1, 64, 64)


def test_statistics_are_measured_once_and_can_be_given(folder, make):
    data = make(folder)
    z = data.front_end(data.decode(data.split("train").x))
    assert z.mean() == pytest.approx(0, abs=1e-3) and z.std() == pytest.approx(1, abs=1e-3)
    again = make(folder, **data.resolved())
    assert (again.log_mel.mean, again.log_mel.std) == (data.log_mel.mean, data.log_mel.std)


def test_what_does_not_fit_is_read_from_the_cache_and_is_the_same(folder, make):
    memory, disk = (make(folder, memory_gb=size).split("train") for size in (1.0, 0.0))
    assert type(disk).__name__ == "Clips"
    assert all(torch.equal(memory[i][0], disk[i][0]) and memory[i][1] == disk[i][1] for i in range(len(memory)))


def test_unreadable_files_stop_or_are_counted_and_listed(folder, make):
    bad = folder / "0_bob_9.wav"
    bad.write_text("no audio")
    with pytest.raises(ValueError, match=r"1 of 41 files can't be read; the first: .*0_bob_9"):
        make(folder).split("train")
    data = make(folder, unreadable="skip")
    with pytest.warns(UserWarning, match="1 of 41 files can't be read"):
        sizes = [len(data.split(name)) for name in ("train", "validation", "test")]
    assert sum(sizes) == 40 and list(data.skipped) == [str(bad)] and "decoded" in data.skipped[str(bad)]


def test_recordings_shorter_than_a_window_stop_are_skipped_or_padded(folder, write, make):
    write(folder / "short.wav", 0.06)
    with pytest.raises(ValueError, match=r"short.wav: has 480 samples at 8000 Hz; expected at least 512"):
        make(folder).split("train")
    data = make(folder, unreadable="skip")
    with pytest.warns(UserWarning, match="1 of 41 files can't be read"):
        assert sum(len(data.split(name)) for name in ("train", "validation", "test")) == 40
    assert list(data.skipped) == [str(folder / "short.wav")]
    data = make(folder, min_seconds=0.0)
    assert sum(len(data.split(name)) for name in ("train", "validation", "test")) == 41
    with pytest.raises(ValueError, match=r"41 of 41 files can't be read; the first: .*0_ann_0.wav"):
        make(folder, unreadable="skip", min_seconds=2.0).split("train")


def test_unexpected_sample_rates_and_channels_are_said(folder, write, make):
    write(folder / "odd.wav", rate=16000, channels=2)
    for name, value, message in (
        ("expected_rate", RATE, "odd.wav: has 16000 samples per second; expected 8000"),
        ("expected_channels", 1, r"odd.wav: has 2 channel\(s\); expected 1"),
    ):
        with pytest.raises(ValueError, match=message):
            make(folder, **{name: value}).split("train")
    assert len(make(folder).sounds.lengths) == 41  # by default, both are converted


def test_nothing_readable_is_an_error_even_when_skipping(tmp_path, make):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "x.wav").write_text("no audio")
    with pytest.raises(ValueError, match="1 of 1 files can't be read"), warnings.catch_warnings():
        make(tmp_path / "s", unreadable="skip").split("train")


def test_unknown_splits_are_said(folder, make):
    with pytest.raises(ValueError, match="no split 'dev'"):
        make(folder).split("dev")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"disjoint": "speaker"}, "no 'speaker' is known of"),
        ({"geometry": "3x3"}, "no geometry '3x3'"),
        ({"seconds": 2.0, "keep_seconds": 1.0}, "keep_seconds, 1.0"),
        ({"test_fraction": 1.0}, "test_fraction is 1.0"),
        ({"sample_rate": 0}, "sample_rate is 0"),
        ({"memory_gb": -1.0}, "memory_gb is -1.0"),
        ({"seconds": 0.02}, "160 samples at 8000 Hz; the geometry 64x64_1s_8khz needs more than 256"),
    ],
)
def test_mistakes_are_said(folder, arguments, message, make):
    with pytest.raises(ValueError, match=message):
        make(folder, **arguments)
