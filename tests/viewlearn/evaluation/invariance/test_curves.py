"""One thing varied and the rest held: sets, curves and the measures over them."""

import re
from dataclasses import asdict

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.invariance import (
    BudgetVariation,
    EntryVariation,
    NullTest,
    invariance_curve,
    layout_of,
    measure_invariance,
    over_seeds,
    setting,
    table,
    vary,
)
from viewlearn.evaluation.probes import extract_features
from viewlearn.views import Compose, RandomApply, View, Viewmaker, draw


class Shift(View):
    """Adds ``offset``; the test's only variation."""

    def sample(self, x, generator=None):
        return {"offset": draw.uniform(x, -1.0, 1.0, generator)}

    def transform(self, x, params):
        return x + params["offset"].view(-1, *[1] * (x.ndim - 1))


def views() -> Compose:
    return Compose(first=Shift(), second=RandomApply(Shift()))


class Flatten(nn.Module):
    def forward(self, x):
        return x.flatten(1)


class Center(nn.Module):
    """Invariant to Shift."""

    def forward(self, x):
        return (x - x.mean(dim=(1, 2, 3), keepdim=True)).flatten(1)


def test_only_the_entry_that_is_set_varies(generator):
    x = torch.rand(20, 1, 4, 4, generator=generator)
    samples, labels = vary(x, torch.arange(20) % 4, EntryVariation(views(), setting("first.offset")), [0, 1, 3], seed=5)
    at = samples.view(20, 3, 1, 4, 4)
    assert torch.allclose(at[:, 1] - at[:, 0], torch.ones(20, 1, 4, 4), atol=1e-6)
    assert torch.allclose(at[:, 2] - at[:, 0], torch.full((20, 1, 4, 4), 3.0), atol=1e-6)
    held = (at[:, 0] - x).flatten(1)
    assert held.std(1).max() < 1e-6
    assert held[:, 0].unique().numel() > 5
    assert labels["set"].tolist() == [i for i in range(20) for _ in range(3)]
    assert labels["class"].tolist() == [i % 4 for i in range(20) for _ in range(3)]
    assert labels["level"].tolist() == [0, 1, 2] * 20


def test_sets_do_not_depend_on_the_batch_size_of_deterministic_variations(generator):
    x = torch.rand(10, 1, 4, 4, generator=generator)
    variation = EntryVariation(Shift(), setting("offset"))
    whole, _ = vary(x, torch.zeros(10), variation, [0, 1, 2], batch_size=10)
    parts, _ = vary(x, torch.zeros(10), variation, [0, 1, 2], batch_size=3)
    assert torch.equal(whole, parts)


def test_fixed_settings_turn_a_random_application_on(generator):
    x = torch.zeros(30, 1, 2, 2)
    always = EntryVariation(views(), setting("second.view.offset", second__applied=True, first__offset=0.0))
    assert torch.equal(always(x, 0.5, generator), torch.full_like(x, 0.5))


@pytest.mark.parametrize(
    "path, message",
    [("third", "'third' isn't among"), ("first.a", "'a' isn't"), ("first", "group"), ("first.offset.x", "no parts")],
)
def test_unknown_parameters_are_named(path, message):
    with pytest.raises(ValueError, match=message):
        EntryVariation(views(), setting(path))(torch.zeros(2, 1, 2, 2), 1.0, torch.Generator())


def test_curve_of_an_invariant_encoder_is_flat_and_of_another_falls(generator):
    x = torch.rand(64, 1, 4, 4, generator=generator)
    variation = EntryVariation(Shift(), setting("offset"))
    flat = invariance_curve(Center(), x, variation, [0.0, 1.0, 5.0], reference=0.0)
    assert flat.cosine == pytest.approx((1, 1, 1), abs=1e-4)
    assert flat.whitened == pytest.approx((1, 1, 1), abs=1e-4)
    falling = invariance_curve(Flatten(), x, variation, [0.0, 1.0, 5.0], reference=0.0)
    assert falling.cosine[0] == pytest.approx(1)
    assert falling.whitened[0] > falling.whitened[1] > falling.whitened[2]
    # All images share a large mean, which makes plain cosine high for any pair and whitened cosine vanish.
    assert falling.chance > 0.7
    assert abs(falling.whitened_chance) < 0.2


def test_curve_over_a_viewmakers_budget_falls_and_leaves_its_budget_alone(generator):
    x = torch.rand(32, 3, 8, 8, generator=generator)
    torch.manual_seed(0)
    learned = Compose(viewmaker=Viewmaker(budget=0.05, channels=3, width=4, num_res_blocks=1))
    curve = invariance_curve(Flatten(), x, BudgetVariation(learned, "viewmaker"), [0.01, 0.1, 0.4], reference=None)
    assert 1 > curve.cosine[0] > curve.cosine[1] > curve.cosine[2]
    assert learned["viewmaker"].budget == 0.05
    with pytest.raises(ValueError, match="no distortion budget"):
        BudgetVariation(views(), "first")


def test_measures_of_an_invariant_encoder(generator):
    x = torch.rand(60, 1, 4, 4, generator=generator)
    samples, labels = vary(x, torch.arange(60) % 3, EntryVariation(Shift(), setting("offset")), [0, 1, 2])
    data = ArrayDataset(samples, labels)
    measured = {}
    for name, encoder in {"invariant": Center(), "not": Flatten()}.items():
        features = extract_features(encoder, data)
        measured[name] = {
            "shift": measure_invariance(
                features.x, layout_of(features.labels), features.labels["level"], top=(5,), num_permutations=19
            )
        }
    invariant, other = measured["invariant"]["shift"], measured["not"]["shift"]
    assert set(invariant) == {
        "RIS released top-5",
        "RIS formula top-5",
        "variance ratio",
        "whitened cosine",
        "goodfellow",
    }
    assert invariant["variance ratio"].score == pytest.approx(0, abs=1e-6)
    assert invariant["whitened cosine"].score > 0.999
    assert invariant["whitened cosine"].score > other["whitened cosine"].score + 0.05
    lines = unpadded(table(measured, "whitened cosine"))
    assert lines[0] == "| whitened cosine | shift |"
    assert lines[2].startswith("| invariant | 1.00 (")
    assert lines[2].endswith("σ |")
    with pytest.raises(ValueError, match="no encoder has the measure 'RIS'"):
        table(measured, "RIS")


def unpadded(text: str) -> list[str]:
    """The lines of a table whose cells aren't aligned."""
    return re.sub(r" +", " ", text).splitlines()


def test_seeds_of_a_row_are_averaged():
    one, other = NullTest(60.0, 30.0, 2.0, 15.0, 0.01), NullTest(64.0, 34.0, 2.0, 15.0, 0.01)
    mean = over_seeds([{"RIS": one}, {"RIS": other}])
    assert asdict(mean["RIS"]) == pytest.approx(
        {
            "score": 62,
            "score_sd": 8**0.5,
            "null_mean": 32,
            "null_sd": 2,
            "excess": 15,
            "excess_sd": 0,
            "num_seeds": 2,
        }
    )
    assert unpadded(table({"A": {"hue": mean}, "B": {}}, "RIS"))[2:] == [
        "| A | 62.0 ± 2.8 (32.0) +15σ |",
        "| B | — |",
    ]
    assert over_seeds([{"RIS": one}])["RIS"].score_sd == 0
    with pytest.raises(ValueError, match="0 encoders"):
        over_seeds([])
    with pytest.raises(ValueError, match="same measures"):
        over_seeds([{"RIS": one}, {"cosine": one}])


def test_mistakes_are_named():
    x = torch.zeros(4, 1, 2, 2)
    variation = EntryVariation(Shift(), setting("offset"))
    with pytest.raises(ValueError, match="at least 3"):
        vary(x, torch.zeros(4), variation, [0, 1])
    with pytest.raises(ValueError, match="4 samples"):
        vary(x, torch.zeros(3), variation, [0, 1, 2])
    with pytest.raises(ValueError, match="at least 2 samples"):
        invariance_curve(Flatten(), x[:1], variation, [0.0], reference=0.0)
    with pytest.raises(ValueError, match="need the label 'set'"):
        layout_of({"class": torch.zeros(3)})
