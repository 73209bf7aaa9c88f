import math
import warnings

import pytest
import torch

from theory import (
    CovarianceContrast,
    FeatureGroup,
    GroupModel,
    InfoNCE,
    Optimization,
    Spectral,
    critical_destroy,
    solve,
    train,
)
from theory.closed_forms.optimum import population_gradient, population_loss, solve_diagonal, solve_general
from theory.measures.embedding import orthonormal_rows
from theory.model.moments import moments
from theory.model.parameters import Parameters, parameters_of
from theory.model.sampling import Sampler

CAPACITY = GroupModel([FeatureGroup("A", (6, 1.5, 1.5, 1.5)), FeatureGroup("B", (1, 0.8, 0.6, 0.4))], noise_dims=8)


def random_cells(num: int) -> Parameters:
    generator = torch.Generator().manual_seed(3)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(num, *shape, generator=generator, dtype=torch.float64)

    return Parameters(uniform(0.3, 3.0, 10), uniform(0.0, 0.8, 3), uniform(0.5, 1.5), uniform(0.0, 0.7))


def subspace_distance(weight: torch.Tensor, other: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Returns ``1 − ‖P P'‖²/rank`` of two whitened row spaces, in [0, 1]."""
    root = second.sqrt()[..., None, :]
    first, other = orthonormal_rows(weight * root), orthonormal_rows(other * root)
    rank = other.square().sum((-2, -1)).clamp_min(1.0)
    return 1 - (first @ other.mT).square().sum((-2, -1)) / rank


def test_gradient_descent_reaches_the_closed_form_on_200_random_models():
    """Relative loss gap at most 5e-5; whitened subspace distance at most 1e-3 where the eigengap exceeds 0.005."""
    groups = [FeatureGroup("A", (1,) * 4), FeatureGroup("B", (1,) * 4), FeatureGroup("C", (1, 1))]
    model, numbers = GroupModel(groups, noise_dims=6), random_cells(200)
    solution = solve(model, dim=5, parameters=numbers)
    trained = train(
        model,
        Spectral(),
        5,
        Optimization(4000, population=True),
        parameters=numbers,
        dtype=torch.float64,
    )
    weight = trained.weight[:, 0]
    exact = solution.moments
    gap = (population_loss(weight, exact.cross, exact.second) - solution.loss) / solution.loss.abs()
    assert gap.max() < 5e-5
    ordered = exact.correlation.sort(-1, descending=True).values
    clear = ordered[:, 4] - ordered[:, 5] > 0.005
    assert clear.sum() > 100
    assert subspace_distance(weight, solution.weight, exact.second)[clear].max() < 1e-3


@pytest.mark.parametrize("loss", [Spectral(), Spectral(0.2), CovarianceContrast(), CovarianceContrast(0.4, 0.7, 0.1)])
def test_general_and_diagonal_solver_agree(loss):
    model = GroupModel(
        [FeatureGroup("A", (3, 2.0, 1)), FeatureGroup("B", (1.2, 0.7), 0.3)], shared_noise=0.3, noise_dims=2
    )
    target, metric = loss.quadratic_form().diagonals(moments(model))
    generator = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(7, 7, generator=generator, dtype=torch.float64))
    weight, values = solve_diagonal(target, metric, 3)
    general, same = solve_general(turn @ torch.diag(target) @ turn.mT, turn @ torch.diag(metric) @ turn.mT, 3)
    assert torch.allclose(values, same, atol=1e-10)
    assert torch.allclose(turn @ (weight.mT @ weight) @ turn.mT, general.mT @ general, atol=1e-10)


def test_general_solution_is_a_minimum_where_moments_do_not_commute():
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    second = root @ root.mT + torch.eye(6)
    half = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    cross = 0.2 * (half @ half.mT)
    weight, values = solve_general(cross, second, 3)
    least = population_loss(weight, cross, second)
    assert math.isclose(least, -values.square().sum(), rel_tol=1e-12)
    assert population_gradient(weight, cross, second).abs().max() < 1e-10
    for _ in range(20):
        other = weight + 0.1 * torch.randn(3, 6, generator=generator, dtype=torch.float64)
        assert population_loss(other, cross, second) > least


def test_population_gradient_equals_autograd():
    weight = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target, metric = torch.rand(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for q, n in ((target, metric), (torch.diag(target), torch.diag(metric))):
        expected = torch.autograd.grad(population_loss(weight, q, n), weight)[0]
        assert torch.allclose(population_gradient(weight, q, n), expected)


def test_embedding_of_the_optimum_has_the_correlations_as_variances():
    solution = solve(CAPACITY, dim=4)
    variances = solution.weight @ solution.moments.matrices()[0] @ solution.weight.mT
    assert torch.allclose(variances, torch.diag(solution.eigenvalues), atol=1e-12)
    assert math.isclose(solution.loss, -solution.eigenvalues.square().sum())


def test_covariance_form_orders_by_strength_and_collapses_below_its_threshold():
    """push = 1: B overtakes A at 1 − a_B/a_A; push < 1: a direction of correlation below 1 − push is never kept."""
    model = GroupModel([FeatureGroup("A", (3.0,)), FeatureGroup("B", (1.0,))])
    assert critical_destroy(model, "A", "B", CovarianceContrast(), 1).enters == pytest.approx(1 - 1 / 3, abs=1e-9)
    assert critical_destroy(model, "A", "B", Spectral(), 1).enters == pytest.approx(0.2546, abs=1e-4)
    assert solve(model, CovarianceContrast(push=0.51), 2).learned("B") == 1  # λ_B = 0.5
    assert solve(model, CovarianceContrast(push=0.49), 2).learned("B") == 0


def test_weight_decay_thresholds_covariance():
    model = GroupModel([FeatureGroup("A", (2.0,)), FeatureGroup("B", (1.0,))])
    assert solve(model, Spectral(weight_decay=0.99), 2).learned("B") == 1  # C_B = 1
    assert solve(model, Spectral(weight_decay=1.01), 2).learned("B") == 0


def test_population_info_nce_is_half_the_spectral_loss():
    """E log-mean-exp over infinitely many Gaussian negatives, by Monte Carlo, within 4 standard errors."""
    model = GroupModel([FeatureGroup("A", (2.0, 1.0), destroy=0.3), FeatureGroup("B", (1.0,), 0.2, mode="gauss")])
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    exact = moments(model)
    # Where the embedding's variance nears 1, finitely many negatives bias the logarithm.
    weight *= (0.25 / torch.linalg.eigvalsh((weight * exact.second) @ weight.mT).max()).sqrt()
    num, repeats, estimates = 1500, 40, []
    sampler = Sampler(model, 1, num)
    for _ in range(repeats):
        z1, z2 = (x[0, 0] @ weight.mT.float() for x in sampler.pairs(sampler.draw(), parameters_of(model)))
        similarity = z1 @ z2.mT
        others = similarity.clone().fill_diagonal_(-math.inf)
        estimates.append((others.logsumexp(-1) - math.log(num - 1) - similarity.diagonal()).mean())
    estimates = torch.stack(estimates)
    expected = 0.5 * population_loss(weight, exact.cross, exact.second)
    assert abs(estimates.mean() - expected) < 4 * estimates.std() / repeats**0.5
    assert estimates.std() / repeats**0.5 < 0.02 * abs(expected)


def test_info_nce_optimum_rescales_with_temperature():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hot = InfoNCE(4.0, similarity="dot")
    cold = InfoNCE(similarity="dot")
    assert torch.allclose(solve(CAPACITY, hot).weight, 2 * solve(CAPACITY, cold).weight)
    assert torch.allclose(solve(CAPACITY, cold).weight, solve(CAPACITY).weight)
    assert torch.allclose(solve(CAPACITY, cold).loss, solve(CAPACITY).loss / 2)


def test_permuting_groups_and_rotating_directions_change_nothing():
    generator = torch.Generator().manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(16, 16, generator=generator, dtype=torch.float64))
    swapped = GroupModel(CAPACITY.groups[::-1], noise_dims=8)
    turned = GroupModel(CAPACITY.groups, noise_dims=8, basis=basis)
    plain = solve(CAPACITY, dim=5)
    for other in (solve(swapped, dim=5), solve(turned, dim=5)):
        assert torch.allclose(other.loss, plain.loss)
        for name in "AB":
            assert torch.allclose(other.learned(name), plain.learned(name))
            assert torch.allclose(other.energy_share(name), plain.energy_share(name))
            assert torch.allclose(other.probe().group_r2(name), plain.probe().group_r2(name), atol=1e-9)


def test_losses_without_closed_form_are_refused():
    with pytest.raises(ValueError, match="no closed-form optimum"):
        solve(CAPACITY, InfoNCE(0.2))
    with pytest.raises(ValueError, match="needs Gaussian views, but group A"):
        solve(CAPACITY.with_group("A", mode="zero", destroy=0.2), InfoNCE(similarity="dot"))
    with pytest.raises(ValueError, match="between 1 and the input's 16"):
        solve(CAPACITY, dim=17)
    with pytest.raises(ValueError, match="positive definite"):
        solve_general(torch.eye(2), torch.zeros(2, 2), 1)
