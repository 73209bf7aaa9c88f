"""Scores of candidates against slow loops, and what SimCLR does with them."""

import math

import pytest
import torch

from viewlearn.methods import InstDisc, SimCLR
from viewlearn.methods.scoring import pair_scores, tilted_entry
from viewlearn.views import Compose, RandomApply, Tilted


def test_scores_equal_a_loop(generator):
    z1, z2 = (torch.randn(3, 4, 5, generator=generator) for _ in range(2))
    tau = 0.5
    unit = [[[torch.nn.functional.normalize(v, dim=0) for v in row] for row in z] for z in (z1, z2)]
    for view, found in enumerate(pair_scores(z1, z2, tau)):
        assert found.shape == (4, 3)
        for i in range(4):
            for k in range(3):
                anchor = unit[view][k][i]
                others = [unit[v][m][j] for v in (0, 1) for m in range(3) for j in range(4) if j != i]
                rest = sum(math.exp(float(anchor @ other) / tau) for other in others) / 3
                positives = [math.exp(float(anchor @ unit[1 - view][m][i]) / tau) for m in range(3)]
                expected = sum(-math.log(p / (p + rest)) for p in positives) / 3
                assert float(found[i, k]) == pytest.approx(expected, rel=1e-4)


def test_simclr_chooses_harder_views_and_leaves_its_state_alone(toys, generator):
    method = SimCLR(toys.Linear(norm=True), Compose(some=Tilted(toys.Shift(3.0), math.inf, 8)), head="linear", dim=4)
    method.train()
    batch = toys.batch(size=32)
    drawn = [method.views.sample(batch.x, generator) for _ in range(2)]
    before = {name: value.clone() for name, value in method.state_dict().items()}
    chosen = method.choose(batch.x, *drawn)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    assert all((params["some"]["score"] == 0).all() for params in drawn)  # drawn parameters stay as they were
    for params in chosen:
        score = params["some"]["score"]
        choice = method.views["some"].resolve(batch.x, params["some"])["choice"]
        assert torch.equal(choice, score.argmax(1)) and score.std() > 0
    loss, metrics = method(batch, generator)
    assert metrics["some/harder"] > 0 and metrics["some/kl"] == pytest.approx(math.log(8))
    assert loss.requires_grad


def test_harder_choices_make_a_higher_loss(toys):
    losses = {}
    for toward in ("easy", "hard"):
        torch.manual_seed(0)
        views = Compose(some=Tilted(toys.Shift(3.0), math.inf, 8, toward=toward))
        method = SimCLR(toys.Linear(), views, head="none", temperature=0.5)
        batch, generator = toys.batch(size=32), torch.Generator().manual_seed(1)
        losses[toward] = sum(method(batch, generator)[0].item() for _ in range(5)) / 5
    assert losses["hard"] > losses["easy"] + 0.05


def test_one_entry_may_choose(toys):
    assert tilted_entry(toys.views) is None
    assert tilted_entry(Compose(a=toys.Shift(), b=Tilted(toys.Roll()))) == "b"
    for views in (Compose(a=Tilted(toys.Roll()), b=Tilted(toys.Roll())), Compose(a=RandomApply(Tilted(toys.Roll())))):
        with pytest.raises(ValueError, match="are Tilted"):
            tilted_entry(views)


def test_a_method_that_doesn_t_score_says_so(toys):
    with pytest.raises(ValueError, match="InstDisc doesn't score candidates"):
        InstDisc(toys.Linear(), Compose(a=Tilted(toys.Roll())), num_train=80)
