"""Whose gradients are whose: signs, freezing, parameter groups."""

import pytest
import torch
from torch import nn

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.methods import SimCLR
from viewlearn.training.players import freezing_others, frozen, learner_groups, make_optimizers, moves
from viewlearn.views import Identity, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat


class Normed(Encoder):
    """A convolution, BatchNorm and a mean."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.num_features = 6

    def forward(self, x):
        return self.layers(x).flatten(1)


@pytest.fixture
def method() -> SimCLR:
    torch.manual_seed(0)
    views = pipeline(ToFloat(), Identity(), Viewmaker(channels=3, width=4, num_res_blocks=1))
    return SimCLR(Normed(), views, dim=4)


@pytest.fixture
def batch(generator) -> Batch:
    return Batch(torch.randint(0, 256, (8, 3, 8, 8), generator=generator, dtype=torch.uint8), {}, torch.arange(8))


def plain_loss(method: SimCLR, batch: Batch) -> torch.Tensor:
    """The loss without any reversal: what both players look at."""
    generator = torch.Generator().manual_seed(1)
    x1, x2 = (method.views.transform(batch.x, method.views.sample(batch.x, generator)) for _ in range(2))
    z1, z2 = method.head(method.encoder(torch.cat([x1, x2]))).chunk(2)
    similarity = (
        torch.nn.functional.normalize(torch.cat([z1, z2])) @ torch.nn.functional.normalize(torch.cat([z1, z2])).t()
    )
    logits = similarity / method.temperature - torch.diag(torch.full((16,), torch.inf))
    return torch.nn.functional.cross_entropy(logits, torch.arange(16).roll(8))


def gradients(method: SimCLR) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in method.named_parameters() if p.grad is not None}


def test_one_backward_gives_the_players_gradients_of_opposite_sign(method, batch):
    """In float64, where no unit at its ReLU's kink decides."""
    method.double()
    batch = Batch(batch.x.double() / 255, batch.labels, batch.index)
    plain_loss(method, batch).backward()
    plain = gradients(method)
    method.zero_grad()
    loss, _ = method(batch, torch.Generator().manual_seed(1), "both")
    loss.backward()
    both = gradients(method)
    assert plain.keys() == both.keys()
    assert any(name.startswith("views.") for name in both)
    for name, gradient in both.items():
        sign = -1 if name.startswith("views.") else 1
        torch.testing.assert_close(gradient, sign * plain[name], rtol=1e-7, atol=1e-12)
        assert gradient.abs().max() > 1e-9 or "bias" in name, name  # a bias before a normalization has none


@pytest.mark.parametrize("player", ["learner", "adversary"])
def test_in_alternating_turns_only_the_mover_gets_gradients(method, batch, player):
    with freezing_others(player, method):
        loss, _ = method(batch, torch.Generator().manual_seed(1), player)
        loss.backward()
    moving = {name.startswith("views.") for name in gradients(method)}
    assert moving == {player == "adversary"}
    assert all(p.requires_grad for p in method.parameters())


def test_the_adversarys_turn_leaves_the_learners_buffers_alone(method, batch):
    before = {name: value.clone() for name, value in method.encoder.state_dict().items()}
    with freezing_others("adversary", method):
        method(batch, torch.Generator().manual_seed(1), "adversary")[0].backward()
    assert all(torch.equal(value, before[name]) for name, value in method.encoder.state_dict().items())
    with freezing_others("learner", method):
        method(batch, torch.Generator().manual_seed(1), "learner")[0].backward()
    changed = {name for name, value in method.encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"layers.1.running_mean", "layers.1.running_var", "layers.1.num_batches_tracked"}


def test_frozen_norms_still_normalize_by_the_batch():
    norm = nn.BatchNorm1d(3)
    x = torch.randn(16, 3) * 5 + 2
    expected = nn.BatchNorm1d(3)(x)
    with frozen(norm):
        torch.testing.assert_close(norm(x), expected)
    assert norm.num_batches_tracked == 0
    assert norm.track_running_stats


def test_frozen_gives_back_what_it_found_also_after_an_error():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    module[0].bias.requires_grad_(False)
    with pytest.raises(RuntimeError), frozen(module):
        raise RuntimeError
    assert [p.requires_grad for p in module.parameters()] == [True, False, True, True]
    assert module[1].track_running_stats


def test_moves_of_a_step(method):
    assert moves(method, "simultaneous") == ["both"]
    assert moves(method, "alternating") == ["learner", "adversary"]
    plain = SimCLR(Normed(), pipeline(ToFloat(), Identity()), dim=4)
    assert moves(plain, "simultaneous") == moves(plain, "alternating") == ["learner"]


def test_groups_hold_every_weight_of_the_learner_once(method):
    own = {id(p) for module in (method.encoder, method.head) for p in module.parameters()}
    for exclude in (False, True):
        grouped = [p for group in learner_groups(method, exclude) for p in group["params"]]
        assert {id(p) for p in grouped} == own
        assert len(grouped) == len(own)
    matrices, vectors = learner_groups(method, True)
    assert "weight_decay" not in matrices
    assert vectors["weight_decay"] == 0
    assert {p.ndim for p in vectors["params"]} == {1}


def test_each_player_has_an_optimizer_of_its_own(method):
    made = make_optimizers(method, lambda p: torch.optim.SGD(p, lr=0.1), lambda p: torch.optim.Adam(p, lr=0.01))
    assert {name: type(each).__name__ for name, each in made.items()} == {"learner": "SGD", "adversary": "Adam"}
    views = {id(p) for p in method.views.parameters()}
    assert {id(p) for p in made["adversary"].param_groups[0]["params"]} == views
    plain = SimCLR(Normed(), pipeline(ToFloat(), Identity()), dim=4)
    assert list(make_optimizers(plain, torch.optim.SGD, torch.optim.Adam)) == ["learner"]
