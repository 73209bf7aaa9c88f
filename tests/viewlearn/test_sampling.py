import pytest
import torch

from viewlearn.sampling import subset


def test_is_the_beginning_of_a_permutation():
    whole = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    assert torch.equal(subset(50, 50, 3), whole)
    assert torch.equal(subset(50, 7, 3), whole[:7])
    assert torch.equal(subset(50, 99, 3), whole)
    assert subset(50, 0, 3).tolist() == subset(0, 4, 3).tolist() == []


def test_a_generator_goes_on():
    generator = torch.Generator().manual_seed(3)
    first, second = (subset(50, 7, generator) for _ in range(2))
    assert torch.equal(first, subset(50, 7, 3))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("num", [1, 4])
def test_every_sample_is_drawn_as_often(num):
    counts = torch.stack([subset(10, num, seed) for seed in range(2000)]).flatten().bincount(minlength=10)
    expected = 200 * num
    assert (counts - expected).abs().max() < 5 * expected**0.5
