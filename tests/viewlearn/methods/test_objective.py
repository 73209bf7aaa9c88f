"""SimCLR with an objective of one's own: any function or module of two embeddings, by object or by flag."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viewlearn.losses import nt_xent
from viewlearn.methods import SimCLR


def vicreg(z1: Tensor, z2: Tensor) -> Tensor:
    """Variance, invariance and covariance (Bardes et al. 2022, eqs. 1 to 6), with the paper's weights, by loops."""
    number, dim = z1.shape
    loss = 25.0 * sum((a - b).square().mean() for a, b in zip(z1, z2, strict=True)) / number
    for z in (z1, z2):
        centered = z - z.mean(0)
        covariance = centered.T @ centered / (number - 1)
        for i in range(dim):
            loss = loss + 25.0 / 2 * (1 - (covariance[i, i] + 1e-4).sqrt()).clamp_min(0) / dim
            loss = loss + sum(covariance[i, j].square() for j in range(dim) if j != i) / dim
    return loss


def barlow_twins(z1: Tensor, z2: Tensor) -> Tensor:
    """Cross-correlations that are to be the identity (Zbontar et al. 2021, eqs. 1 and 2)."""
    a, b = ((z - z.mean(0)) / z.std(0, correction=0) for z in (z1, z2))
    correlation = a.T @ b / len(a)
    apart = torch.eye(len(correlation), dtype=torch.bool, device=correlation.device)
    return (1 - correlation.diagonal()).square().sum() + 5e-3 * correlation.masked_fill(apart, 0).square().sum()


class Scaled(nn.Module):
    """A module as a loss, with a setting."""

    def __init__(self, factor: float = 2.0):
        super().__init__()
        self.factor = factor

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        return self.factor * F.mse_loss(z1, z2)


def embeddings(toys, method):
    draws = torch.Generator().manual_seed(1)
    x = toys.batch().x
    params = [method.views.sample(x, draws) for _ in range(2)]
    return [method.head(method.encoder(method.views.transform(x, each))) for each in params]


@pytest.mark.parametrize("loss", [vicreg, barlow_twins, Scaled(3.0)])
def test_the_loss_is_that_of_the_embeddings(toys, loss):
    method = SimCLR(toys.Linear(), toys.views, dim=4, loss=loss)
    value, _ = method(toys.batch(), torch.Generator().manual_seed(1))
    torch.testing.assert_close(value, loss(*embeddings(toys, method)))


def test_learned_views_increase_it(toys):
    method = SimCLR(toys.Linear(), toys.Compose(push=toys.Push()), dim=4, loss=vicreg)
    scale = method.views["push"].scale
    method(toys.batch(), torch.Generator().manual_seed(1))[0].backward()
    reversed_gradient = scale.grad.clone()
    scale.grad = None
    vicreg(*embeddings(toys, method)).backward()
    torch.testing.assert_close(reversed_gradient, -scale.grad)


@pytest.mark.parametrize(
    "made, message", [(lambda a, b: a, r"a tensor of shape \(8, 4\)"), (lambda a, b: 1.0, "a float")]
)
def test_what_is_no_loss_is_said(toys, generator, made, message):
    with pytest.raises(ValueError, match=f"loss makes {message} of two embeddings; it must make a scalar"):
        SimCLR(toys.Linear(), toys.views, dim=4, loss=made)(toys.batch(), generator)


@pytest.mark.filterwarnings("ignore")  # of a library that isn't ours
@pytest.mark.parametrize("name", ["VICRegLoss", "NTXentLoss"])
def test_losses_of_lightly_give_their_value_and_gradient(toys, name):
    lightly = pytest.importorskip("lightly.loss")
    loss = getattr(lightly, name)()
    method = SimCLR(toys.Linear(), toys.views, dim=4, loss=loss)
    value, _ = method(toys.batch(), torch.Generator().manual_seed(1))
    value.backward()
    found = method.encoder.layer.weight.grad.clone()
    method.zero_grad()
    pair = embeddings(toys, method)
    theirs = loss(*pair)
    theirs.backward()
    torch.testing.assert_close(value, theirs)
    torch.testing.assert_close(found, method.encoder.layer.weight.grad)
    own = vicreg if name == "VICRegLoss" else lambda a, b: nt_xent(a, b, loss.temperature)
    if name == "NTXentLoss":
        torch.testing.assert_close(theirs, own(*pair), rtol=1e-4, atol=1e-5)
