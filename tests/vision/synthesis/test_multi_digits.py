"""Two digits of unequal size."""

import pytest
import torch

from vision import MultiDigits
from vision.superimposed.digits import digit_bank
from vision.synthesis.multi_digits import _corners


def ink(data, split="train"):
    return (data.split(split).x[:, 0] > 0).float().sum((1, 2))


def test_two_digits_by_exact_labels():
    data = MultiDigits(num_train=300, num_validation=20, num_test=200)
    train = data.split("train")
    assert train.x.shape == (300, 3, 48, 48) and list(data.spec.tasks) == ["large", "small"]
    for task in ("large", "small"):
        assert train.labels[task].unique().tolist() == list(range(10))
    same = float((train.labels["large"] == train.labels["small"]).float().mean())
    assert same == pytest.approx(0.1, abs=0.06)
    again = MultiDigits(num_train=50, num_validation=20, num_test=200).split("train")
    assert torch.equal(again.x, train.x[:50])


@pytest.mark.parametrize("ratio", [1, 2.5, 4])
def test_they_never_overlap(ratio):
    data = MultiDigits(ratio, size=100)
    large, small = data.sides
    assert large == pytest.approx(ratio * small)
    one, other = _corners(data.sides, torch.rand(2000, 6, generator=torch.Generator().manual_seed(0)))
    for corner, side in ((one, large), (other, small)):
        assert corner.min() >= 0 and (corner + side).max() <= 1 + 1e-6
    gap = torch.maximum(other - one - large, one - other - small).amax(1)
    assert gap.min() > -1e-6
    beside = (torch.maximum(other - one - large, one - other - small).argmax(1) == 0).float().mean()
    assert 0.4 < float(beside) < 0.6


def test_the_larger_they_are_apart_the_more_ink():
    areas = [float(ink(MultiDigits(ratio, num_train=200)).mean()) for ratio in (1, 2, 4)]
    assert areas[2] > 2 * areas[1] > 2 * areas[0]


def test_writers_of_splits_differ():
    banks = [digit_bank(None, split)[0].flatten(1) for split in ("train", "test")]
    assert not {tuple(row) for row in banks[0].tolist()} & {tuple(row) for row in banks[1].tolist()}


@pytest.mark.parametrize("ratio", [0.5, 5])
def test_knobs_end(ratio):
    with pytest.raises(ValueError, match=rf"ratio is {ratio}; it must lie in \[1, 4\]"):
        MultiDigits(ratio)
