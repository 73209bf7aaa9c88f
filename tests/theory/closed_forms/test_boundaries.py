import itertools

import numpy as np
import pytest
import torch

from theory import FeatureGroup, GroupModel, crossing, moments, solve
from theory.closed_forms.boundaries import critical_destroy, critical_dim, scores
from theory.model.parameters import vary


def two_groups(mode="resample", views="both", **options) -> GroupModel:
    groups = [FeatureGroup("A", (6, 1.5, 1.5, 1.5), mode=mode, views=views), FeatureGroup("B", (1, 0.8, 0.6, 0.4))]
    return GroupModel(groups, noise_dims=8, **options)


def test_capacity_boundaries():
    found = critical_destroy(two_groups(), "A", "B")
    assert found.enters == pytest.approx(0.1502, abs=5e-5) and found.leaves == pytest.approx(0.6235, abs=5e-5)
    zero = critical_destroy(two_groups("zero"), "A", "B")
    assert zero.enters == pytest.approx(0.2164, abs=5e-5) and zero.leaves == pytest.approx(0.8384, abs=5e-5)


def test_homogeneous_groups_cross_where_the_formula_says():
    """1 − √(SNR_B (1 + SNR_A) / (SNR_A (1 + SNR_B))) for resample, 1 − λ_B/λ_A for one attacked view."""
    for a, b in ((3.0, 1.0), (2.0, 1.9), (5.0, 0.5)):
        model = GroupModel([FeatureGroup("A", (a,) * 3), FeatureGroup("B", (b,) * 3)])
        ratio = b**2 * (1 + a**2) / (a**2 * (1 + b**2))
        assert critical_destroy(model, "A", "B").enters == pytest.approx(1 - ratio**0.5, abs=1e-9)
        assert critical_destroy(model, "A", "B").leaves == pytest.approx(1 - ratio**0.5, abs=1e-9)
        one = model.with_group("A", views="one")
        assert critical_destroy(one, "A", "B").enters == pytest.approx(1 - ratio, abs=1e-9)


@pytest.mark.parametrize(("mode", "views"), list(itertools.product(["resample", "zero", "gauss"], ["both", "one"])))
@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_crossing_formula_is_where_the_correlation_has_fallen(mode, views, shared):
    for strength, level in ((6.0, 0.5), (1.5, 0.3), (3.0, 0.2)):
        model = GroupModel([FeatureGroup("A", (strength,), mode=mode, views=views)], noise=0.9, shared_noise=shared)
        destroy = crossing(strength, level, 0.9, shared, mode, views)
        fine = np.linspace(0, 1, 20_001)
        correlation = moments(model, vary(model, {"A.destroy": fine})).correlation[:, 0].numpy()
        reached = np.flatnonzero(correlation <= level)
        assert fine[reached[0]] == pytest.approx(destroy, abs=1e-4)


def test_crossings_that_are_at_once_or_never():
    assert crossing(1.0, 0.6) == 0.0
    assert crossing(3.0, 0.02, shared_noise=0.5) is None  # the shared noise alone correlates more than that
    roomy = critical_destroy(two_groups(), "A", "B", dim=16)
    assert roomy.enters == 0.0 and roomy.leaves is None  # there is room for both until nothing is left of A
    assert critical_destroy(two_groups(), "B", "A").enters == 0.0


def test_nuisance_shared_by_both_views_suppresses_too():
    """Destroyed itself, B correlates less than the noise directions do; the bottleneck is then theirs."""
    strong = GroupModel(
        [FeatureGroup("A", (3.0,)), FeatureGroup("B", (1.0,), destroy=0.9)], shared_noise=1, noise_dims=3
    )
    assert solve(strong, dim=4).learned("B") == 0
    assert solve(strong.with_group("B", destroy=0.0), dim=4).learned("B") == 1


def test_one_view_of_two_is_the_square_root():
    both, one = two_groups(), two_groups(views="one")
    assert (1 - critical_destroy(both, "A", "B").enters) ** 2 == pytest.approx(
        1 - critical_destroy(one, "A", "B").enters
    )


def test_dimension_staircase():
    model = GroupModel([FeatureGroup("A", (2,) * 4), FeatureGroup("B", (1,) * 4)], noise_dims=8)
    learned = [solve(model, dim=dim).learned("B").item() for dim in range(1, 13)]
    assert learned == pytest.approx([0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4])
    assert critical_dim(model, "B").first == 5 and critical_dim(model, "B").all == 8
    assert critical_dim(model, "A").first == 1 and critical_dim(model, "A").all == 4
    assert critical_dim(model.with_group("B", destroy=1.0), "B").all is None


def test_boundaries_separate_what_is_learned():
    model = two_groups()
    found = critical_destroy(model, "A", "B")
    for destroy, a, b in ((found.enters - 1e-6, 1, 0), (found.enters + 1e-6, 1, 1), (found.leaves + 1e-6, 0, 1)):
        accuracy = solve(model.with_group("A", destroy=destroy)).probe().r2
        assert accuracy[0] == pytest.approx(a) and accuracy[4] == pytest.approx(b)


def test_scores_of_many_cells():
    numbers = vary(two_groups(), {"A.destroy": [0.0, 0.5]})
    both = scores(two_groups(), parameters=numbers)
    assert torch.equal(both[1], scores(two_groups().with_group("A", destroy=0.5)))
