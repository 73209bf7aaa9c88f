"""Synthetic vowels as data: splits that share nothing, and two tasks that can be learned."""

import pytest
import torch

from audio.synthesis import SyntheticVowels


@pytest.fixture(scope="module")
def data():
    return SyntheticVowels(num_train=600, num_test=120, num_recordings=6)


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
