"""Scores of candidates against slow loops, and what SimCLR does with them."""

import math

import pytest
import torch

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.losses import info_nce, viewmaker_info_nce
from viewlearn.methods import InstDisc, LooC, MoCo, SimCLR, Supervised
from viewlearn.methods.scoring import key_scores, pair_scores, tilted_entry
from viewlearn.report.sections import gallery
from viewlearn.views import Compose, RandomApply, Tilted, View, draw


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
    with pytest.raises(ValueError, match="Supervised doesn't score candidates"):
        Supervised(toys.Linear(), Compose(a=Tilted(toys.Roll())), tasks={"kind": ("one", "two")})


@pytest.mark.parametrize("among", [False, True])
def test_scores_against_keys_are_info_nce(generator, among):
    z, key = torch.randn(3, 4, 5, generator=generator), torch.randn(4, 5, generator=generator)
    negatives = torch.nn.functional.normalize(torch.randn(7, 5, generator=generator), dim=1)
    scores = key_scores(z, key, negatives, 0.3, among)
    assert scores.shape == (4, 3)
    for i in range(4):
        for k in range(3):
            row = (z[k, i : i + 1], key[i : i + 1], negatives, 0.3)
            plain = viewmaker_info_nce(*row) + math.log(7) if among else info_nce(*row)
            torch.testing.assert_close(scores[i, k], plain)


METHODS = {
    "simclr": lambda encoder, views, **kwargs: SimCLR(encoder, views, temperature=0.5, **kwargs),
    "moco": lambda encoder, views, **kwargs: MoCo(encoder, views, queue=20, num_keys=2, **kwargs),
    "instdisc": lambda encoder, views: InstDisc(encoder, views, num_negatives=6, num_train=80),
    "instdisc-all": lambda encoder, views: InstDisc(encoder, views, num_negatives=0, num_train=80),
    "looc": lambda encoder, views: LooC(encoder, views, "roll", queue=20),
    "looc-batch": lambda encoder, views: LooC(encoder, views, "some", "batch"),
}


@pytest.mark.parametrize("name", list(METHODS)[1:])
def test_methods_choose_harder_queries_and_leave_their_state_alone(toys, generator, name):
    views = Compose(some=Tilted(toys.Shift(3.0), math.inf, 8), roll=toys.Roll())
    method = METHODS[name](toys.Linear(norm=True), views)
    buffers = {key: value.clone() for key, value in method.named_buffers() if "norm" not in key}
    loss, metrics = method(toys.batch(size=32), generator)
    assert metrics["some/harder"] > 0 and metrics["some/kl"] == pytest.approx(math.log(8))
    assert loss.requires_grad
    assert all(torch.equal(value, buffers[key]) for key, value in method.named_buffers() if key in buffers)
    counts = [int(value) for key, value in method.named_buffers() if key.endswith("encoder.norm.num_batches_tracked")]
    assert set(counts) == {1}  # candidates leave no trace in the statistics


def test_keys_share_what_the_query_chose(toys, generator):
    """In LooC, a key that keeps the tilted factor has the query's scores, and so its choice; others are as designed."""
    views = Compose(some=Tilted(toys.Roll(), math.inf, 4), shift=toys.Shift())
    method = LooC(toys.Linear(), views, "some", queue=20)
    x = toys.batch(size=16).x
    query, keys = method.draws.sample(x, generator, lambda params: method.choose(x, params, generator))
    assert query["some"]["score"].std() > 0 and (keys[0]["some"]["score"] == 0).all()
    assert keys[1]["some"] is query["some"]
    assert not views["some"].same(keys[0]["some"], query["some"]).any()  # drawn to differ from what was chosen


class Flat(Encoder):
    """Images of 8 by 8 pixels to 5 features."""

    def __init__(self):
        super().__init__()
        self.num_features = 5
        self.layer = torch.nn.Linear(64, 5)

    def forward(self, x):
        return self.layer(x.flatten(1)).tanh()


class Turn(View):
    """Rolls the columns of images by up to seven places, and their brightness."""

    def sample(self, x, generator=None):
        return {"places": draw.integers(x, 0, 8, generator), "bright": draw.uniform(x, 0.5, 1.5, generator)}

    def transform(self, x, params):
        columns = (torch.arange(8) + params["places"].unsqueeze(1)) % 8
        return x.gather(3, columns[:, None, None].expand_as(x)) * params["bright"].view(-1, 1, 1, 1)


@pytest.mark.parametrize("name", METHODS)
def test_a_network_is_told_each_sample_s_loss(toys, generator, name, monkeypatch):
    """The mean of which is the loss, of the spaces that are to ignore the view; its weights alone learn from it."""
    tilted = Tilted(Turn(), 0.5, play="network", width=4, channels=1, size=(8, 8))
    method = METHODS[name](Flat(), Compose(some=tilted, roll=Turn()))
    told = []
    kept = tilted.through_choices
    monkeypatch.setattr(tilted, "through_choices", lambda each, losses: told.append(losses) or kept(each, losses))
    x = torch.randn(16, 1, 8, 8, generator=generator)
    loss, metrics = method(Batch(x, {}, torch.arange(16)), generator)
    assert metrics["some/kl"] == pytest.approx(0.5, rel=1e-3) and told[0].shape == (16,)
    wanted = metrics["loss/all"] if name == "looc-batch" else loss.detach()
    torch.testing.assert_close(told[0].mean(), wanted)
    loss.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in tilted.parameters())
    assert tilted.transport.network.numbers.weight.grad.abs().sum() > 0


def test_a_neutral_game_has_no_losses_to_tell(toys):
    views = Compose(some=Tilted(Turn(), play="network", width=4, channels=1, size=(8, 8)))
    with pytest.raises(ValueError, match="neutral game has none of"):
        SimCLR(Flat(), views, game="neutral")


def test_budgets_are_scaled_and_change_sides(toys):
    tilted = Tilted(toys.Shift(3.0), 0.3, 8)
    method = SimCLR(toys.Linear(), Compose(some=tilted))
    params = tilted.sample(toys.batch().x, torch.Generator().manual_seed(0))
    params["score"] = torch.randn(8, 8, generator=torch.Generator().manual_seed(1))
    weights = {}
    for factor in (-1.0, 0.0, 0.5, 1.0):
        method.scale_budgets(factor)
        weights[factor] = tilted.resolve(params["place"], params)["weights"]
    torch.testing.assert_close(weights[0.0], torch.full((8, 8), 1 / 8), rtol=0, atol=1e-3)
    easy = Tilted(toys.Shift(3.0), 0.3, 8, toward="easy")
    torch.testing.assert_close(weights[-1.0], easy.resolve(params["place"], params)["weights"])
    found = {factor: (each * each.log()).sum(1).mean() for factor, each in weights.items()}
    assert found[0.0] < found[0.5] < found[1.0]
    assert tilted.budget == 0.3
    push = SimCLR(toys.Linear(), Compose(push=toys.Push()))
    with pytest.raises(ValueError, match="a Push has no budget below 0"):
        push.scale_budgets(-0.5)
    with pytest.raises(ValueError, match="infinite budget has no schedule"):
        SimCLR(toys.Linear(), Compose(some=Tilted(toys.Shift(), math.inf))).scale_budgets(0.5)


@pytest.mark.parametrize("name", ["simclr", "moco", "looc"])
def test_a_page_shows_the_choice_of_a_view_that_chooses(toys, name):
    views = Compose(some=Tilted(toys.Shift(3.0), 0.5, 4), roll=toys.Roll())
    method = METHODS[name](toys.Linear(norm=True), views).eval()
    x = toys.batch(size=8).x
    with torch.no_grad():
        drawn = [gallery._draw(views, x, params) for params in gallery._pair(method, x)]
    for each in drawn:
        weights = each.decided[0].resolved["weights"]
        torch.testing.assert_close(weights.sum(1), torch.ones(8))
        assert weights.std(1).min() > 0.01
