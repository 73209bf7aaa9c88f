import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

from viewlearn.evaluation.feature_dropping import dependence


def events(generator, rate, *shape):
    return torch.rand(*shape, generator=generator) < rate


def information(a, b):
    return dependence(a, b, num_shuffles=1).information


@pytest.mark.parametrize(("rate", "copied"), [(0.1, 0.0), (0.5, 0.3), (0.9, 0.8)])
def test_mutual_information_equals_scikit_learns(generator, rate, copied):
    a, fresh = events(generator, rate, 100, 4), events(generator, 0.4, 100, 4)
    b = torch.where(events(generator, copied, 100, 4), a, fresh)
    expected = mutual_info_score(a.flatten(), b.flatten()) / math.log(2)
    assert information(a, b) == pytest.approx(expected, abs=1e-9)


def test_mutual_information_of_an_event_with_itself_is_its_entropy():
    a = torch.tensor([[True, False], [False, False]])
    assert information(a, a) == pytest.approx(0.8112781244591328)
    assert information(a, ~a) == pytest.approx(0.8112781244591328)
    assert information(a, torch.zeros(2, 2, dtype=torch.bool)) == 0


def test_verdicts(generator):
    a = events(generator, 0.5, 100, 6)
    other = events(generator, 0.5, 100, 6)
    assert dependence(a, other, generator=generator).verdict == "independent"
    assert dependence(a, a & other, generator=generator).verdict == "joint"
    exclusive = dependence(a, ~a & other, generator=generator)
    assert exclusive.verdict == "exclusive"
    assert exclusive.both == 0
    assert exclusive.phi < 0
    assert exclusive.p_value == pytest.approx(1 / 201)
    assert exclusive.information > exclusive.null


def test_draws_shuffle_sees_through_samples_that_lose_all_their_labels(generator):
    """Half of the samples lose each label in 90 % of the views, the others in 10 %; draws are independent."""
    weak = (torch.arange(200) < 100)[:, None]
    rate = torch.where(weak, 0.9, 0.1)
    a, b = (torch.rand(200, 8, generator=generator) < rate for _ in range(2))
    assert dependence(a, b, shuffle="samples", generator=generator).verdict == "joint"
    within = dependence(a, b, shuffle="draws", generator=generator)
    assert within.verdict == "independent"
    assert within.both == pytest.approx(within.expected, abs=0.02)
    assert dependence(a, a, shuffle="draws", generator=generator).verdict == "joint"


def test_p_values_are_uniform_where_there_is_nothing(generator):
    found = [
        dependence(*(events(generator, 0.5, 60, 4) for _ in range(2)), num_shuffles=40, generator=generator).p_value
        for _ in range(120)
    ]
    assert 0.35 < sum(found) / len(found) < 0.65
    assert sum(value < 0.05 for value in found) <= 14


def test_what_never_happens_is_independent(generator):
    none = torch.zeros(20, 4, dtype=torch.bool)
    found = dependence(none, events(generator, 0.5, 20, 4), generator=generator)
    assert (found.verdict, found.phi, found.information) == ("independent", 0.0, 0.0)


def test_bad_input():
    a = torch.zeros(3, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(2, 2\)"):
        dependence(a, a[:2])
    with pytest.raises(ValueError, match="shuffle is 'rows'"):
        dependence(a, a, shuffle="rows")
