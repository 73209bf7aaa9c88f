import math
from itertools import pairwise

import pytest
import torch

from viewlearn.training import BudgetSchedule, Schedule, warmup_cosine


def test_closed_form_at_the_corners():
    assert warmup_cosine(0, 100, 10) == pytest.approx(0.1)
    assert warmup_cosine(9, 100, 10) == pytest.approx(1.0)
    assert warmup_cosine(10, 100, 10) == pytest.approx(1.0)
    assert warmup_cosine(55, 100, 10) == pytest.approx(0.5)
    assert warmup_cosine(100, 100, 10) == pytest.approx(0.0)
    assert warmup_cosine(100, 100, 10, final=0.2) == pytest.approx(0.2)


def test_rises_then_falls():
    factors = [warmup_cosine(step, 50, 7, final=0.1) for step in range(50)]
    assert all(a < b for a, b in pairwise(factors[:7]))
    assert all(a > b for a, b in pairwise(factors[7:]))
    assert min(factors[7:]) > 0.1


def test_final_of_one_is_constant():
    assert {warmup_cosine(step, 20, 0, final=1.0) for step in range(20)} == {1.0}


def test_warmup_of_the_whole_run():
    assert warmup_cosine(4, 5, 5) == 1.0


@pytest.mark.parametrize(("warmup", "final"), [(-1, 0.0), (11, 0.0), (0, 1.5), (0, -0.1), (0, math.nan)])
def test_impossible_settings(warmup, final):
    with pytest.raises(ValueError, match=r"warm-up|final"):
        warmup_cosine(0, 10, warmup, final)


def test_schedule_keeps_the_groups_own_peaks():
    a, b = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a], "lr": 1.0}, {"params": [b], "lr": 0.1}], lr=1.0)
    schedule = Schedule(warmup=0.4)
    for step in range(4):
        schedule.apply(optimizer, step, 10)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([(step + 1) / 4, (step + 1) / 40])


def test_budgets_go_from_one_side_to_the_other():
    schedule = BudgetSchedule(begin=-1.0, until=0.5)
    assert [schedule.factor(step, 8) for step in range(8)] == [-0.5, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert {BudgetSchedule().factor(step, 8) for step in range(8)} == {1.0}
    assert BudgetSchedule(begin=0.0).factor(7, 8) == 1.0 and BudgetSchedule(begin=0.0).factor(0, 8) == 1 / 8
    assert BudgetSchedule(begin=0.0, until=0.0).factor(0, 8) == 1.0
    with pytest.raises(ValueError, match="begin is 2"):
        BudgetSchedule(begin=2.0)
