"""Tones over sounds, on or off by chance."""

import numpy as np
import pytest
import torch

from audio import RandTone, SyntheticVowels
from viewlearn.data import check_data


@pytest.fixture(scope="module")
def sounds() -> SyntheticVowels:
    return SyntheticVowels(num_train=24, num_test=8, num_speakers=2, num_recordings=2, mean=-30.0, std=15.0)


def test_what_is_added_are_the_tones_that_labels_say(sounds):
    data = RandTone(sounds, 6, tone_tasks=6)
    assert list(data.spec.tasks) == [*sounds.spec.tasks, *(f"tone {j}" for j in range(6))]
    plain, toned = sounds.split("train").x, data.split("train")
    added = (toned.x.double() - plain.double())[:, 0] / 32768
    times = np.arange(added.shape[1]) / sounds.sample_rate
    for j, pitch in enumerate(data.pitches):
        wave = torch.from_numpy(np.exp(-2j * np.pi * pitch * times)).to(torch.complex128)
        level = (added.to(torch.complex128) @ wave).abs() / len(times) * 2**0.5
        on = level > 10 ** (-42 / 20)  # half of −36 dB, which tones that are on have
        assert torch.equal(on.long(), toned.labels[f"tone {j}"])
        assert level[on].numpy() == pytest.approx(10 ** (-36 / 20), rel=0.05)
    assert data.pitches[0] == pytest.approx(200) and data.pitches[-1] == pytest.approx(0.45 * sounds.sample_rate)
    check_data(data)


def test_read_one_by_one_is_the_same(sounds):
    data = RandTone(sounds, 5)
    whole = data.split("test")
    from audio.synthesis.random_tones import _Toned

    x, labels = _Toned(sounds.split("test"), data, "test")[3]
    assert torch.equal(x, whole.x[3]) and labels == {task: int(each[3]) for task, each in whole.labels.items()}


def test_no_tones_are_the_sounds(sounds):
    assert torch.equal(RandTone(sounds, 0).split("test").x, sounds.split("test").x)


def test_knobs_end(sounds):
    with pytest.raises(ValueError, match=r"tones is 21; it must lie in \[0, 20\]"):
        RandTone(sounds, 21)
    with pytest.raises(ValueError, match=r"level_db is 0; it must lie in \[-80, -20\]"):
        RandTone(sounds, 2, 0)
