import pytest
import torch

from viewlearn.evaluation.feature_dropping import destroyed, destruction, histogram, pair_loss


def test_counts_known_samples_only():
    clean = torch.tensor([0.9, 0.4, 0.6, float("nan")])
    viewed = torch.tensor([[0.9, 0.2], [0.1, 0.1], [0.5, 0.7], [0.0, 0.0]])
    lost, known = destroyed(clean, viewed)
    assert known.tolist() == [0, 2]
    assert lost.tolist() == [[False, True], [False, False]]
    found = destruction(clean, viewed)
    assert found.rate == 0.25
    assert (found.num_known, found.num_samples) == (2, 4)
    assert found.low <= 0.25 <= found.high


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_stochastic_tells_dropout_from_samples_that_are_always_lost(generator, rate):
    clean = torch.ones(4000)
    fresh = (torch.rand(4000, 5, generator=generator) >= rate).float()
    found = destruction(clean, fresh)
    assert found.rate == pytest.approx(rate, abs=0.02)
    assert found.stochastic == pytest.approx(1, abs=0.03)
    always = destruction(clean, fresh[:, :1].expand(-1, 5))
    assert always.stochastic == 0
    assert always.high - always.low > 1.8 * (found.high - found.low)  # five equal draws are one


def test_interval_covers_the_rate(generator):
    covered = 0
    for _ in range(200):
        found = destruction(torch.ones(50), (torch.rand(50, 4, generator=generator) >= 0.4).float())
        covered += found.low <= 0.4 <= found.high
    assert covered >= 180


def test_nothing_varies():
    assert destruction(torch.ones(5), torch.ones(5, 3)).stochastic is None


def test_pair_loss_equals_the_loop(generator):
    lost = torch.rand(7, 4, generator=generator) < 0.5
    pairs = [float(row[i] and row[j]) for row in lost for i in range(4) for j in range(4) if i != j]
    assert pair_loss(lost) == pytest.approx(sum(pairs) / len(pairs))
    with pytest.raises(ValueError, match="two draws"):
        pair_loss(lost[:, :1])


def test_histogram_leaves_out_unlabeled():
    assert histogram(torch.tensor([0.05, 0.95, 1.0, float("nan")]), 2) == pytest.approx([1 / 3, 2 / 3])


def test_bad_input():
    with pytest.raises(ValueError, match="threshold is 1"):
        destroyed(torch.ones(2), torch.ones(2, 2), threshold=1)
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3, 2\)"):
        destroyed(torch.ones(2), torch.ones(3, 2))
    with pytest.raises(ValueError, match="knows 0 of 3 clean samples"):
        destruction(torch.zeros(3), torch.ones(3, 2))
