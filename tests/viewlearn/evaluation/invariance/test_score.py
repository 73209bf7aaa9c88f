"""RIS, in both versions: slow references, answers known by construction, and the published floor."""

import numpy as np
import pytest
import torch

from viewlearn.evaluation.invariance import RepresentationInvariance, SetLayout


def grid(num_classes: int, sets_per_class: int, images_per_set: int) -> SetLayout:
    classes = torch.arange(num_classes).repeat_interleave(sets_per_class * images_per_set)
    sets = torch.arange(num_classes * sets_per_class).repeat_interleave(images_per_set)
    return SetLayout.of(classes, sets)


def ragged(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Class and set labels of unequal sizes (some sets below three images), in no order."""
    sizes = torch.randint(1, 7, (24,), generator=generator).tolist()
    classes = torch.cat([torch.full((n,), 10 * (s % 5)) for s, n in enumerate(sizes)])
    sets = torch.cat([torch.full((n,), s) for s, n in enumerate(sizes)])
    order = torch.randperm(len(sets), generator=generator)
    return classes[order], sets[order]


def released_reference(features: np.ndarray, classes: np.ndarray, sets: np.ndarray, top: int) -> float:
    """The estimator as described, one set, unit and class at a time."""
    num_images, num_units = features.shape
    distinct = np.unique(classes)
    percent = min((1 - 1 / len(distinct)) * 100, 95)
    index = int((num_images * percent) // 100)
    scores = []
    for y in distinct:
        invariances = []
        for unit in range(num_units):
            h = features[:, unit]
            above, below = np.sort(h)[index], np.sort(h)[::-1][index]
            rates = []
            for s in np.unique(sets[classes == y]):
                responses = h[sets == s]
                firing = max((responses > above).sum(), (responses < below).sum())
                if len(responses) >= 3 and firing > 0:
                    rates.append(firing / len(responses))
            invariances.append(np.mean(rates or [0.0]) / (h >= above).mean())
        scores.append(np.mean(sorted(invariances)[::-1][:top]))
    return float(np.mean(scores) * (100 - percent))


def formula_reference(features: np.ndarray, classes: np.ndarray, sets: np.ndarray, top: int) -> float:
    num_images, num_units = features.shape
    distinct = np.unique(classes)
    invariances = np.zeros((len(distinct), num_units))
    for unit in range(num_units):
        h = features[:, unit]
        threshold = np.sort(h)[num_images - round(num_images / len(distinct)) - 1]
        for row, y in enumerate(distinct):
            members = [h[sets == s] for s in np.unique(sets[classes == y])]
            rates = [(responses > threshold).mean() for responses in members if len(responses) >= 3]
            invariances[row, unit] = np.mean(rates) / (h > threshold).mean()
    return float(np.mean(np.sort(invariances, axis=1)[:, ::-1][:, :top]) * 100 / len(distinct))


@pytest.mark.parametrize("version, reference", [("released", released_reference), ("formula", formula_reference)])
@pytest.mark.parametrize("relu", [False, True])
def test_score_equals_slow_reference(version, reference, relu, generator):
    classes, sets = ragged(generator)
    features = torch.randn(len(sets), 12, generator=generator)
    features = features.clamp(min=0) if relu else features
    measure = RepresentationInvariance(features, SetLayout.of(classes, sets), version, top=(1, 4))
    expected = [reference(features.numpy(), classes.numpy(), sets.numpy(), top) for top in (1, 4)]
    assert measure.scores().tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("version", ["formula", "released"])
def test_units_that_fire_for_one_class_only_reach_100(version):
    layout = grid(5, 4, 6)
    own_class = torch.nn.functional.one_hot(layout.class_of_image, 5).float()
    measure = RepresentationInvariance(own_class.repeat(1, 2), layout, version, top=(2,))
    # A fifth of the images reach the threshold exactly, which h >= t counts and h > t doesn't.
    assert measure.scores().item() == pytest.approx(100 if version == "formula" else 0)
    noise = 1e-3 * torch.rand(layout.num_images, 10, generator=torch.Generator().manual_seed(1))
    noisy = RepresentationInvariance(own_class.repeat(1, 2) + noise, layout, version, top=(2,))
    assert noisy.scores().item() > 95


@pytest.mark.parametrize("version", ["formula", "released"])
def test_constant_units_score_nothing(version):
    layout = grid(5, 4, 6)
    assert RepresentationInvariance(torch.ones(120, 3), layout, version, top=(3,)).scores().item() == 0


def test_a_unit_that_fires_for_half_of_every_set_of_its_class(generator):
    layout = grid(4, 5, 8)
    features = torch.rand(160, 4, generator=generator)
    for y in range(4):
        features[layout.class_of_image == y, y] += 2.0
    halved = features.clone()
    halved[torch.arange(160) % 2 == 1] -= 2.0
    # Half a class is an eighth of the images: at that rate the unit fires for exactly the raised half.
    measure = RepresentationInvariance(halved, layout, "formula", top=(1,), firing_rate=1 / 8)
    assert measure.invariances().amax(1).tolist() == [4.0] * 4
    assert measure.scores().item() == pytest.approx(50)


def test_the_sign_that_a_unit_fires_with(generator):
    layout = grid(4, 3, 5)
    own_class = torch.nn.functional.one_hot(layout.class_of_image, 4).float()
    inhibited = -own_class - 1e-3 * torch.rand(60, 4, generator=generator)
    positive = RepresentationInvariance(inhibited, layout, "formula", top=(1,))
    best = RepresentationInvariance(inhibited, layout, "formula", top=(1,), sign="best")
    assert best.scores().item() == pytest.approx(100)
    assert positive.scores().item() < 70


def test_formula_does_not_see_membership_within_a_class_of_equal_sets(generator):
    layout = grid(6, 10, 5)
    features = torch.randn(300, 40, generator=generator)
    shuffled = layout.shuffled(within_class=True, generator=generator)
    formula = RepresentationInvariance(features, layout, "formula")
    released = RepresentationInvariance(features, layout, "released")
    assert torch.allclose(formula.scores(), formula.scores(shuffled))
    assert not torch.allclose(released.scores(), released.scores(shuffled))


@pytest.mark.parametrize("version", ["formula", "released"])
def test_score_ignores_the_order_of_images_units_and_labels(version, generator):
    classes, sets = ragged(generator)
    features = torch.randn(len(sets), 30, generator=generator)
    expected = RepresentationInvariance(features, SetLayout.of(classes, sets), version).scores()
    order = torch.randperm(len(sets), generator=generator)
    units = torch.randperm(30, generator=generator)
    layout = SetLayout.of(40 - classes[order], 7 * sets[order] + 3)
    permuted = RepresentationInvariance(features[order][:, units], layout, version).scores()
    assert torch.allclose(expected, permuted, atol=1e-4)


# Independent computation of the floor: i.i.d. normal features of 2,048 units, firing rate max(1/|Y|, 5 %).
FLOOR = {
    (300, 1, 6): {"released": (47.0, 39.2), "formula": (40.6, 36.2)},
    (300, 5, 6): {"released": (41.6, 36.7), "formula": (19.2, 17.7)},
    (12, 100, 6): {"released": (24.5, 24.2), "formula": (11.6, 11.3)},
    (1000, 1, 12): {"released": (32.6, 28.3), "formula": (29.1, 26.6)},
}


@pytest.mark.parametrize("shape", FLOOR)
@pytest.mark.parametrize("version", ["formula", "released"])
def test_features_without_information_reach_the_known_floor(shape, version, generator):
    layout = grid(*shape)
    features = torch.randn(layout.num_images, 2048, generator=generator)
    measure = RepresentationInvariance(features, layout, version, firing_rate=max(1 / shape[0], 0.05))
    assert measure.scores().tolist() == pytest.approx(FLOOR[shape][version], abs=0.8)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"version": "paper"}, "version is 'paper'"),
        ({"sign": "negative"}, "sign is 'negative'"),
        ({"top": (50,)}, "only 30 units"),
        ({"firing_rate": 1.5}, "firing_rate is 1.5"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        RepresentationInvariance(torch.randn(60, 30), grid(4, 3, 5), **arguments)


def test_more_mistakes():
    with pytest.raises(ValueError, match="no set has 3 images"):
        RepresentationInvariance(torch.randn(12, 30), grid(3, 2, 2))
    with pytest.raises(ValueError, match="layout requires"):
        RepresentationInvariance(torch.randn(12, 30), grid(3, 2, 3))
    with pytest.raises(ValueError, match="NaN"):
        RepresentationInvariance(torch.full((18, 30), torch.nan), grid(3, 2, 3))
    with pytest.raises(ValueError, match=r"firing_rate is 1\.0"):
        RepresentationInvariance(torch.randn(12, 30), grid(1, 4, 3))
    with pytest.raises(ValueError, match="must be"):
        SetLayout.of(torch.zeros(3), torch.zeros(4))
