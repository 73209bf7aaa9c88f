"""Synthetic vowels: resonances where they should be, splits that share nothing, and a task that is one."""

import pytest
import torch

from audio.synthesis import BACKGROUNDS, VOWELS, Speakers, SyntheticVowels, background, vowels

RATE = 8000


@pytest.fixture(scope="module")
def data():
    return SyntheticVowels(num_train=600, num_test=120, num_recordings=6)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", VOWELS)
def test_breathed_vowels_peak_at_their_formants(name):
    index = torch.full((100,), list(VOWELS).index(name))
    whisper = torch.full((100,), 1e3)  # drowns the pulses, whose harmonics would hide the resonances
    speaker = Speakers(torch.full((100,), 100.0), torch.ones(100), whisper, torch.zeros(100))
    power = torch.fft.rfft(vowels(index, speaker, RATE, RATE, seeded())).abs().square().mean(0)  # 1 Hz a bin
    smooth = torch.nn.functional.avg_pool1d(power[None], 81, 1, 40)[0]
    for formant in VOWELS[name][:2]:
        low, high = int(0.86 * formant), int(1.14 * formant)
        assert 5 < smooth[low:high].argmax() < high - low - 5, f"no peak near {formant} Hz"


def test_formants_move_with_the_size_of_the_tract():
    index = torch.zeros(100, dtype=torch.int64)  # i: F2 at 2,290 Hz, alone in its band
    centers = []
    for size in (1.0, 1.25):
        speaker = Speakers(torch.full((100,), 100.0), torch.full((100,), size), torch.zeros(100), torch.zeros(100))
        power = torch.fft.rfft(vowels(index, speaker, RATE, RATE, seeded())).abs().square().mean(0)[1200:3200]
        centers.append(torch.nn.functional.avg_pool1d(power[None], 151, 1, 75)[0].argmax().item() + 1200)
    assert centers[0] == pytest.approx(2290, rel=0.06) and centers[1] / centers[0] == pytest.approx(1.25, rel=0.08)


def test_pitch_is_the_speakers():
    for hz in (100.0, 200.0):
        speaker = Speakers(torch.full((50,), hz), torch.ones(50), torch.zeros(50), torch.zeros(50))
        x = vowels(torch.full((50,), 4), speaker, RATE, RATE, seeded())
        correlation = torch.fft.irfft(torch.fft.rfft(x, n=2 * RATE).abs().square().mean(0))
        lag = correlation[25:120].argmax().item() + 25  # 67 to 320 Hz
        assert RATE / lag == pytest.approx(hz, rel=0.06)


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds_are_audible_finite_and_differ(kind):
    first, second = (background(kind, 2 * RATE, RATE, seeded(seed)) for seed in (0, 1))
    assert first.shape == (2 * RATE,) and first.isfinite().all()
    assert first.square().mean() == pytest.approx(1.0, rel=1e-3)
    assert not torch.equal(first, second)
    assert torch.equal(first, background(kind, 2 * RATE, RATE, seeded(0)))


def test_spec_sizes_and_labels(data):
    assert data.spec.shape == (1, 64, 64) and data.spec.num_train == 600
    assert {task: len(names) for task, names in data.spec.tasks.items()} == {"vowel": 10, "background": 6}
    assert [len(data.split(name)) for name in ("train", "validation", "test")] == [600, 60, 120]
    for task, labels in data.split("test").labels.items():
        assert labels.unique().numel() == len(data.spec.tasks[task])


def test_same_seed_same_sounds_and_splits_differ(data):
    again = SyntheticVowels(num_train=600, num_test=120, num_recordings=6)
    assert torch.equal(data.split("test").x, again.split("test").x)
    train, test = data.split("train").x, data.split("test").x
    assert not any(torch.equal(clip, other) for clip in test[:20] for other in train)


def test_both_tasks_can_be_learned_and_neither_is_trivial(data):
    """Ridge regression on each band's mean and deviation over time: far above chance, and not perfect."""
    z = {name: data.front_end(data.decode(data.split(name).x))[:, 0] for name in ("train", "test")}
    pooled = {name: torch.cat([v.mean(2), v.std(2), torch.ones(len(v), 1)], 1).double() for name, v in z.items()}
    for task, low, high in (("vowel", 0.4, 0.95), ("background", 0.7, 0.99)):
        train, test = data.split("train").labels[task], data.split("test").labels[task]
        gram = pooled["train"].T @ pooled["train"] + torch.eye(129)
        weights = torch.linalg.solve(gram, pooled["train"].T @ torch.eye(len(data.spec.tasks[task])).double()[train])
        accuracy = ((pooled["test"] @ weights).argmax(1) == test).double().mean()
        assert low < accuracy < high


def test_mistakes_are_said():
    with pytest.raises(ValueError, match="num_speakers is 1"):
        SyntheticVowels(num_speakers=1)
