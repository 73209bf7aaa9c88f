"""Second opinions: variance ratio, whitened cosine, Goodfellow's measure."""

import pytest
import torch
from torch.nn.functional import cosine_similarity

from viewlearn.evaluation.invariance import (
    GoodfellowInvariance,
    SetCosine,
    SetLayout,
    VarianceRatio,
    Whitening,
    whitened_cosine,
)

LAYOUT = SetLayout.of(torch.zeros(40), torch.arange(10).repeat_interleave(4))


def test_variance_ratio_is_zero_for_the_invariant_and_one_on_average_for_noise(generator):
    per_set = torch.randn(10, 6, generator=generator)
    assert VarianceRatio(per_set[LAYOUT.set_of_image], LAYOUT).scores().item() == pytest.approx(0, abs=1e-9)
    layout = SetLayout.of(torch.zeros(4000), torch.arange(1000).repeat_interleave(4))
    noise = torch.randn(4000, 20, generator=generator)
    assert VarianceRatio(noise, layout).scores().item() == pytest.approx(1, abs=0.02)


def test_variance_ratio_of_known_variances(generator):
    """Between sets 4, within sets 1: the transformation has a fifth of the total variance."""
    layout = SetLayout.of(torch.zeros(8000), torch.arange(2000).repeat_interleave(4))
    features = 2 * torch.randn(2000, 8, generator=generator)[layout.set_of_image]
    features += torch.randn(8000, 8, generator=generator)
    assert VarianceRatio(features, layout).scores().item() == pytest.approx(0.2, abs=0.01)


def test_levels_take_the_transformations_mean_effect_out_of_the_sample_variance(generator):
    levels = torch.arange(4).repeat(10)
    samples = torch.randn(10, 6, generator=generator)[LAYOUT.set_of_image]
    features = samples + 10.0 * levels.unsqueeze(1)
    by_hand = torch.stack([features[levels == k].var(0) for k in range(4)]).mean(0)
    within = torch.stack([features[LAYOUT.set_of_image == s].var(0) for s in range(10)]).mean(0)
    ratio = VarianceRatio(features, LAYOUT, levels).per_unit()
    assert torch.allclose(ratio, (within / by_hand).double(), rtol=1e-4)
    assert ratio.mean() > 10 * VarianceRatio(features, LAYOUT).scores().item()


def test_variance_ratio_ignores_scale_shift_and_dead_units(generator):
    features = torch.randn(40, 6, generator=generator)
    expected = VarianceRatio(features, LAYOUT).scores()
    scaled = torch.cat([100 * features + 1000, torch.full((40, 3), 7.0)], dim=1)
    assert torch.allclose(VarianceRatio(scaled, LAYOUT).scores(), expected, rtol=1e-3)
    with pytest.raises(ValueError, match="no unit varies"):
        VarianceRatio(torch.ones(40, 3), LAYOUT)


def test_whitening_gives_unit_covariance(generator):
    mix = torch.randn(5, 5, generator=generator)
    reference = torch.randn(500, 5, generator=generator) @ mix + 3
    whitened = Whitening.fit(reference, shrinkage=0)(reference)
    assert torch.allclose(whitened.mean(0), torch.zeros(5, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(whitened.t().cov(), torch.eye(5, dtype=torch.float64), atol=1e-9)


def test_whitened_similarity_ignores_any_linear_map_of_the_features(generator):
    reference, transformed = torch.randn(2, 300, 6, generator=generator)
    mix = torch.randn(6, 6, generator=generator)
    plain = whitened_cosine(reference, transformed, Whitening.fit(reference, 0))
    mixed = whitened_cosine(reference @ mix + 1, transformed @ mix + 1, Whitening.fit(reference @ mix + 1, 0))
    assert torch.allclose(plain, mixed, atol=1e-4)


def test_dead_units_need_shrinkage():
    reference = torch.cat([torch.randn(50, 3), torch.zeros(50, 2)], dim=1)
    with pytest.raises(ValueError, match="singular"):
        Whitening.fit(reference, shrinkage=0)
    assert Whitening.fit(reference)(reference).isfinite().all()


def test_set_cosine_equals_the_mean_over_pairs(generator):
    features = torch.randn(40, 5, generator=generator)
    whitening = Whitening.fit(features)
    whitened = whitening(features)
    expected = []
    for s in range(10):
        rows = (LAYOUT.set_of_image == s).nonzero().squeeze(1).tolist()
        pairs = [(a, b) for a in rows for b in rows if a < b]
        expected.append(sum(float(cosine_similarity(whitened[a], whitened[b], dim=0)) for a, b in pairs) / len(pairs))
    assert SetCosine(features, LAYOUT, whitening).per_set().tolist() == pytest.approx(expected)


def test_goodfellow_is_100_for_units_that_fire_for_exactly_one_set(generator):
    layout = SetLayout.of(torch.zeros(400), torch.arange(100).repeat_interleave(4))
    features = 0.01 * torch.rand(400, 10, generator=generator)
    for unit in range(10):
        features[layout.set_of_image == unit, unit] += 1.0
    assert GoodfellowInvariance(features, layout).per_unit().tolist() == pytest.approx([100.0] * 10)
    assert GoodfellowInvariance(-features, layout).per_unit().tolist() == pytest.approx([100.0] * 10)


def test_goodfellow_is_25_for_units_that_fire_once_per_set(generator):
    layout = SetLayout.of(torch.zeros(400), torch.arange(100).repeat_interleave(4))
    features = 0.01 * torch.rand(400, 10, generator=generator)
    features[torch.arange(0, 16, 4)] += 1.0  # the first images of four sets: 1 % of 400
    features[torch.arange(101, 117, 4)] -= 1.0
    assert GoodfellowInvariance(features, layout).scores().item() == pytest.approx(25)


@pytest.mark.parametrize("measure", [GoodfellowInvariance, VarianceRatio, SetCosine])
def test_sets_of_one_image_are_no_sets(measure):
    with pytest.raises(ValueError, match="single image"):
        measure(torch.randn(200, 20), SetLayout.of(torch.zeros(200), torch.arange(200)))


def test_goodfellow_needs_enough_images():
    with pytest.raises(ValueError, match="fewer than 2 of 40 images"):
        GoodfellowInvariance(torch.randn(40, 20), LAYOUT)
