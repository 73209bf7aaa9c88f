"""Permutation nulls: calibrated, and far from what is truly invariant."""

from dataclasses import asdict

import pytest
import torch

from viewlearn.evaluation.invariance import (
    GoodfellowInvariance,
    RepresentationInvariance,
    SetCosine,
    SetLayout,
    VarianceRatio,
    permutation_test,
)


def grid(num_classes: int, sets_per_class: int, images_per_set: int) -> SetLayout:
    classes = torch.arange(num_classes).repeat_interleave(sets_per_class * images_per_set)
    sets = torch.arange(num_classes * sets_per_class).repeat_interleave(images_per_set)
    return SetLayout.of(classes, sets)


MEASURES = {
    "released": lambda h, layout: RepresentationInvariance(h, layout, "released", top=(5,)),
    "formula": lambda h, layout: RepresentationInvariance(h, layout, "formula", top=(5,)),
    "goodfellow": lambda h, layout: GoodfellowInvariance(h, layout, firing_rate=0.1),
    "variance ratio": VarianceRatio,
    "whitened cosine": SetCosine,
}


@pytest.mark.parametrize("within_class", [False, True])
def test_shuffling_keeps_every_set_its_size(within_class, generator):
    classes = torch.tensor([0, 0, 0, 1, 1, 1, 1, 0, 2, 2])
    sets = torch.tensor([0, 0, 1, 2, 3, 3, 3, 1, 4, 4])
    layout = SetLayout.of(classes, sets)
    dealt = [layout.shuffled(within_class, generator) for _ in range(20)]
    for shuffled in dealt:
        assert torch.equal(torch.bincount(shuffled), layout.set_sizes)
        if within_class:
            assert torch.equal(layout.class_of_set[shuffled], layout.class_of_image)
    assert len({tuple(shuffled.tolist()) for shuffled in dealt}) > 5


@pytest.mark.parametrize("name", MEASURES)
def test_p_is_uniform_for_noise(name):
    """Over repeated noise the p-value takes each of its values equally often."""
    layout, num_permutations, repeats = grid(4, 5, 4), 9, 200
    p = []
    for seed in range(repeats):
        generator = torch.Generator().manual_seed(seed)
        features = torch.randn(layout.num_images, 12, generator=generator)
        measure = MEASURES[name](features, layout)
        (result,) = permutation_test(measure, num_permutations, generator=generator).values()
        p.append(result.p)
    p = torch.tensor(p)
    counts = torch.bincount((p * 10).round().long() - 1, minlength=10).double()
    # χ² with 9 degrees of freedom: 27.9 is its 99.9th percentile. Discrete scores tie, which can only raise p.
    if name in ("variance ratio", "whitened cosine"):
        assert ((counts - repeats / 10).square() / (repeats / 10)).sum() < 27.9
    for level in (0.1, 0.2, 0.5):
        assert (p <= level + 1e-9).double().mean() < level + 3.1 * (level * (1 - level) / repeats) ** 0.5


@pytest.mark.parametrize("name", MEASURES)
def test_features_that_know_their_set_exceed_the_null(name, generator):
    layout = grid(6, 4, 5)
    per_set = torch.randn(layout.num_sets, 20, generator=generator)
    features = per_set[layout.set_of_image] + 0.1 * torch.randn(120, 20, generator=generator)
    measure = MEASURES[name](features, layout)
    (result,) = permutation_test(measure, 40, generator=generator).values()
    assert result.excess > 3
    assert result.p == pytest.approx(1 / 41)
    assert (result.score > result.null_mean) == measure.invariant_is_high


@pytest.mark.parametrize("name", ["released", "variance ratio", "whitened cosine"])
def test_the_null_within_classes_takes_class_selectivity_out(name, generator):
    layout = grid(6, 6, 5)
    per_class = 3 * torch.randn(6, 20, generator=generator)
    features = per_class[layout.class_of_image] + torch.randn(180, 20, generator=generator)
    measure = MEASURES[name](features, layout)
    (anywhere,) = permutation_test(measure, 40, "all", generator).values()
    (in_class,) = permutation_test(measure, 40, "class", generator).values()
    assert anywhere.excess > 5
    assert abs(in_class.excess) < 3.5


def test_a_null_that_cannot_vary_has_no_excess(generator):
    layout = grid(6, 4, 5)
    measure = RepresentationInvariance(torch.randn(120, 20, generator=generator), layout, "formula", top=(5,))
    (result,) = permutation_test(measure, 10, "class", generator).values()
    assert result.p == 1
    assert result.excess != result.excess


def test_null_is_repeatable_and_dictionaries_go_to_json():
    layout = grid(4, 3, 5)
    measure = VarianceRatio(torch.randn(60, 8, generator=torch.Generator().manual_seed(3)), layout)
    first, second = permutation_test(measure, 5), permutation_test(measure, 5)
    assert first == second
    assert set(asdict(first["variance ratio"])) == {"score", "null_mean", "null_sd", "excess", "p"}


def test_mistakes_are_named():
    measure = VarianceRatio(torch.randn(60, 8), grid(4, 3, 5))
    with pytest.raises(ValueError, match="num_permutations is 1"):
        permutation_test(measure, 1)
    with pytest.raises(ValueError, match="within is 'set'"):
        permutation_test(measure, 5, within="set")
    with pytest.raises(ValueError, match="every class is a single set"):
        permutation_test(VarianceRatio(torch.randn(60, 8), grid(12, 1, 5)), 5, within="class")
