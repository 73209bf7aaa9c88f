"""SimCLR against its formula, written as a loop over pairs."""

import math

import pytest
import torch

from viewlearn.methods import SimCLR


def projections(method, batch, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x1, x2 = (method.views.transform(batch.x, method.views.sample(batch.x, generator)) for _ in range(2))
    z = method.head(method.encoder(torch.cat([x1, x2])))
    return z.chunk(2)


def loop(z1, z2, temperature: float, symmetric: bool) -> float:
    """Equation 1 of SimCLR, pair by pair; not symmetric: the published Viewmaker's, self-similarity kept."""
    z = torch.nn.functional.normalize(torch.cat([z1, z2]))
    n, terms = len(z1), []
    for i in range(2 * n if symmetric else n):
        logits = {k: (z[i] @ z[k]).item() / temperature for k in range(2 * n) if k != i or not symmetric}
        terms.append(math.log(sum(map(math.exp, logits.values()))) - logits[(i + n) % (2 * n)])
    return sum(terms) / len(terms)


@pytest.mark.parametrize("head", ["none", "linear", "mlp"])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_loss_is_equation_1(toys, head, temperature):
    method = SimCLR(toys.Linear(), toys.views, temperature=temperature, head=head, dim=4)
    loss, metrics = method(toys.batch(), torch.Generator().manual_seed(5))
    z1, z2 = projections(method, toys.batch(), 5)
    assert loss.item() == pytest.approx(loop(z1, z2, temperature, symmetric=True), rel=1e-5)
    expected = torch.nn.functional.cosine_similarity(z1, z2).mean().item()
    assert metrics["alignment"].item() == pytest.approx(expected, rel=1e-5)


def test_equal_embeddings_give_the_closed_form(toys):
    method = SimCLR(toys.Linear(), toys.Compose(), dim=4)
    for parameter in method.encoder.parameters():
        parameter.data.zero_()
    loss, metrics = method(toys.batch(), torch.Generator())
    assert loss.item() == pytest.approx(math.log(2 * 8 - 1), rel=1e-5)
    assert metrics["alignment"].item() == pytest.approx(1.0, rel=1e-5)


def test_both_views_pass_the_encoder_as_one_batch(toys):
    """BatchNorm sees them together."""
    method = SimCLR(toys.Linear(norm=True), toys.views, dim=4)
    seen = []
    method.encoder.register_forward_pre_hook(lambda module, x: seen.append(len(x[0])))
    method(toys.batch(), torch.Generator())
    assert seen == [16]


def test_the_two_views_are_different_draws(toys):
    method = SimCLR(toys.Linear(), toys.Compose(shift=toys.Shift()), dim=4)
    seen = []
    method.encoder.register_forward_pre_hook(lambda module, x: seen.extend(x[0].chunk(2)))
    method(toys.batch(), torch.Generator())
    assert ((seen[0] - seen[1]).abs().sum(1) > 0).all()


@pytest.mark.parametrize("loss", ["viewmaker", "spectral"])
def test_the_other_losses(toys, loss):
    method = SimCLR(toys.Linear(), toys.views, temperature=0.5, dim=4, loss=loss)
    value = method(toys.batch(), torch.Generator().manual_seed(5))[0]
    z1, z2 = projections(method, toys.batch(), 5)
    if loss == "viewmaker":
        assert value.item() == pytest.approx(loop(z1, z2, 0.5, symmetric=False) - math.log(16), rel=1e-4)
    else:
        from viewlearn.losses import spectral

        torch.testing.assert_close(value, spectral(z1, z2))


def test_trains(toys):
    method = SimCLR(toys.Linear(), toys.Compose(shift=toys.Shift(0.3)), temperature=0.1, dim=4)
    losses = toys.steps(method, torch.Generator().manual_seed(0), 60, lr=0.3)
    assert sum(losses[-10:]) < sum(losses[:10]) - 0.5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"dim": 0}, "dim is 0; it must lie in"),
        ({"head": "deep"}, "head is 'deep'"),
    ],
)
def test_bad_arguments_are_named(toys, settings, said):
    with pytest.raises(ValueError, match=said):
        SimCLR(toys.Linear(), toys.views, **settings)
