"""Automatic budgets: the rate that they go by, and the controller that moves them."""

import itertools
import math

import pytest
import torch

from viewlearn.methods import LooC, MoCo, SimCLR, Supervised
from viewlearn.methods.difficulty import BudgetController, Difficulty, found_rate
from viewlearn.views import Compose, LearnedMask, Tilted, Viewmaker


def test_the_rate_is_the_mean_over_all_choices_of_others(generator):
    anchors, partners = (torch.randn(7, 3, generator=generator) for _ in range(2))
    unit = [torch.nn.functional.normalize(z, dim=1) for z in (anchors, partners)]
    similarity = unit[0] @ unit[1].T
    found, total = 0, 0
    for i in range(7):
        for others in itertools.combinations([j for j in range(7) if j != i], 3):
            found += all(similarity[i, i] > similarity[i, j] for j in others)
            total += 1
    assert float(found_rate(anchors, partners, 4)) == pytest.approx(found / total)


def test_the_rate_doesn_t_depend_on_the_batch_size(generator):
    anchors = torch.randn(4096, 8, generator=generator)
    partners = anchors + torch.randn(4096, 8, generator=generator)
    large = float(found_rate(anchors, partners, 16))
    small = [float(found_rate(anchors[i : i + 32], partners[i : i + 32], 16)) for i in range(0, 4096, 32)]
    assert sum(small) / len(small) == pytest.approx(large, abs=0.01)
    assert found_rate(anchors, anchors, 16) == 1
    assert float(found_rate(anchors, torch.randn(4096, 8, generator=generator), 16)) == pytest.approx(1 / 16, abs=0.02)


def test_collapsed_embeddings_don_t_count_as_found():
    same = torch.ones(64, 4)
    assert float(found_rate(same, same, 32)) < 0.6
    with pytest.raises(ValueError, match="the batch size is 8"):
        found_rate(same[:8], same[:8], 32)


def views() -> list:
    return [Viewmaker("auto", channels=3, width=4), LearnedMask("auto", channels=3, width=4)]


@pytest.mark.parametrize("strength", [0.05, 0.4, 1.0])
def test_settles_where_the_wanted_part_is_found(strength):
    """On a plant whose answer to a budget is known: found = exp(−strength · f)."""
    controller = BudgetController(views())
    controller.settings = Difficulty(found=0.8)
    for _ in range(1500):
        factor = float(controller.log_factor.exp())
        controller._found.append(torch.tensor(math.exp(-strength * factor)))
        controller.step()
    assert float(controller.log_factor.exp()) == pytest.approx(-math.log(0.8) / strength, rel=0.02)
    for view in controller.views:
        assert view.budget == pytest.approx(min(view.usual * float(controller.log_factor.exp()), view.largest_budget))


def test_stops_at_its_bounds():
    controller = BudgetController([*views(), Tilted(Compose(), "auto")])
    for found, factor in ((0.0, 1 / 64), (1.0, 16.0)):
        for _ in range(500):
            controller._found.append(torch.tensor(found))
            controller.step()
        assert float(controller.log_factor.exp()) == pytest.approx(factor)
    assert [view.budget for view in controller.views] == pytest.approx([1.6, 0.9, math.log(4) - 0.75])


def learned(toys):
    return toys.Push("auto")


MAKE = {
    "simclr": lambda toys: SimCLR(toys.Linear(), Compose(push=learned(toys)), dim=4),
    "moco": lambda toys: MoCo(toys.Linear(), Compose(push=learned(toys)), queue=64, dim=4),
    "looc": lambda toys: LooC(toys.Linear(), Compose(push=learned(toys), roll=toys.Roll()), "roll", queue=64, dim=4),
}


@pytest.mark.parametrize("name", MAKE)
def test_methods_hold_their_views_at_the_set_point(toys, generator, name):
    method = MAKE[name](toys)
    assert method.controller is not None
    loss, metrics = method(toys.batch(size=40), generator)
    loss.backward()
    before = method.views["push"].budget
    assert metrics["push/budget"] == pytest.approx(before) and 0 <= metrics["found"] <= 1
    method.update()
    expected = before * math.exp(0.1 * (float(metrics["found"]) - 0.8))
    assert method.views["push"].budget == pytest.approx(expected, rel=1e-5)
    assert {"controller.log_factor", "views.entries.push._budget"} <= method.state_dict().keys()
    with pytest.raises(ValueError, match="budget auto needs a method"):
        method.update()


def test_supervised_training_has_no_partners(toys):
    with pytest.raises(ValueError, match="no partner"):
        Supervised(toys.Linear(), Compose(push=learned(toys)), tasks={"side": ("a", "b")})


@pytest.mark.parametrize("settings", [{"found": 0.0}, {"found": 1.0}, {"among": 1}, {"rate": 0.0}])
def test_bad_settings_are_named(settings):
    with pytest.raises(ValueError, match=str(*settings)):
        Difficulty(**settings)
