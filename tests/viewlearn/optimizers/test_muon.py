"""Muon against its reference, against exact orthogonalization, and what it leaves to SGD."""

import copy

import pytest
import torch
from torch import nn

from viewlearn.optimizers import ConvMuon, orthogonalize


def plain_newton_schulz(matrix: torch.Tensor, num_iterations: int) -> torch.Tensor:
    """Jordan's iteration, one formula a line."""
    x = matrix / matrix.norm()
    if matrix.shape[0] > matrix.shape[1]:
        x = x.T
    for _ in range(num_iterations):
        a = x @ x.T
        x = 3.4445 * x - 4.7750 * a @ x + 2.0315 * a @ a @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6), (1, 5)])
def test_orthogonalization_is_the_published_iteration(shape, generator):
    matrix = torch.randn(shape, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(orthogonalize(matrix, 5), plain_newton_schulz(matrix, 5), rtol=1e-10, atol=1e-12)


def test_orthogonalized_matrices_keep_their_singular_vectors_and_lose_their_singular_values(generator):
    matrix = torch.randn(16, 40, generator=generator, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    rotated = u.T @ orthogonalize(matrix, 5) @ vh.T
    values = rotated.diagonal()
    torch.testing.assert_close(rotated, torch.diag(values), rtol=0, atol=1e-10)
    assert values.min() > 0.6 and values.max() < 1.3


@pytest.mark.filterwarnings("ignore")
def test_it_moves_matrices_as_torchs_muon_does(generator):
    """torch's multiplies in bfloat16: each of the fifteen products is off by 2⁻⁸, and so is the whole by about 2 %.

    Its momentum is an average, ours a sum; orthogonalization takes no notice of the factor between them.
    """
    start = torch.randn(12, 27, generator=generator)
    ours = nn.Parameter(start.clone().view(12, 3, 3, 3))
    theirs = nn.Parameter(start.clone())
    optimizer = ConvMuon([ours], lr=0.05, momentum=0.6, unit_scale=False)
    reference = torch.optim.Muon([theirs], lr=0.05, momentum=0.6, weight_decay=0.0, adjust_lr_fn="spectral_unclamped")
    ratio = (12 / 27) ** 0.5  # torch's learning rate is scaled by the shape
    for group in reference.param_groups:
        group["lr"] /= ratio
    for _ in range(10):
        gradient = torch.randn(12, 27, generator=generator)
        ours.grad, theirs.grad = gradient.view_as(ours).clone(), gradient.clone()
        optimizer.step()
        reference.step()
    moved = (theirs - start).norm()
    assert (ours.detach().flatten(1) - theirs).norm() < 0.03 * moved


def test_everything_else_moves_as_sgd_with_nesterov_momentum(generator):
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).double()
    other = copy.deepcopy(model)
    ours = ConvMuon(model.parameters(), other_lr=0.1, weight_decay=0.01)
    sgd = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    for _ in range(5):
        x = torch.randn(8, 5, generator=generator, dtype=torch.float64)
        for each, optimizer in ((model, ours), (other, sgd)):
            optimizer.zero_grad()
            each(x).square().mean().backward()
            optimizer.step()
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_convolutions_are_kept_at_unit_scale():
    conv = nn.Conv2d(3, 8, 3, bias=False)
    optimizer = ConvMuon(conv.parameters(), lr=0.0)
    conv(torch.randn(2, 3, 5, 5)).sum().backward()
    optimizer.step()
    assert conv.weight.norm().item() == pytest.approx(8**0.5, rel=1e-6)


def test_groups_keep_what_they_say():
    conv, linear = nn.Conv2d(1, 2, 3), nn.Linear(2, 2)
    groups = [{"params": [conv.weight, linear.weight]}, {"params": [conv.bias, linear.bias], "weight_decay": 0.0}]
    optimizer = ConvMuon(groups, lr=0.2, other_lr=0.3, weight_decay=0.1)
    told = [(g["orthogonal"], g["lr"], g["weight_decay"], len(g["params"])) for g in optimizer.param_groups]
    assert told == [(True, 0.2, 0.1, 1), (False, 0.3, 0.1, 1), (False, 0.3, 0.0, 2)]


def test_its_state_goes_through_a_checkpoint(generator):
    def steps(model, optimizer, seeds):
        for seed in seeds:
            optimizer.zero_grad()
            model(torch.randn(4, 2, 6, 6, generator=torch.Generator().manual_seed(seed))).square().mean().backward()
            optimizer.step()

    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 2))
    optimizer = ConvMuon(model.parameters())
    steps(model, optimizer, range(3))
    other = copy.deepcopy(model)
    again = ConvMuon(other.parameters())
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(model, optimizer, range(3, 6))
    steps(other, again, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "bad", [{"lr": -1.0}, {"momentum": 1.0}, {"weight_decay": float("nan")}, {"num_iterations": 0}]
)
def test_bad_settings(bad):
    with pytest.raises(ValueError, match=str(next(iter(bad)))):
        ConvMuon([nn.Parameter(torch.zeros(2))], **bad)
