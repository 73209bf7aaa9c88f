"""Where decoding, front end and random views meet."""

import pytest
import torch

from viewlearn.views import Compose, Identity, RandomApply, View, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat


class Passed(str):
    """What has passed by, in place of samples; nothing is recorded of it."""

    requires_grad = False

    def __add__(self, other: str) -> "Passed":
        return Passed(super().__add__(other))


class Step(View):
    """Appends its letter to what passed by; before the front end if asked."""

    def __init__(self, letter: str, stage: str = "encoder"):
        super().__init__()
        self.letter, self.stage = letter, stage

    def sample(self, x, generator=None):
        return {}

    def transform(self, x, params):
        return x + self.letter


def order(views: Compose) -> str:
    return views.transform(Passed(""), {name: {} for name in views.names})


def test_each_view_at_its_stage():
    views = Compose(a=Step("a"), b=Step("b", "natural"), c=Step("c"), d=Step("d", "natural"))
    made = pipeline(Step("<"), Step("|"), views)
    assert made.names == ["decode", "b", "d", "front_end", "a", "c"]
    assert order(made) == "<bd|ac"


def test_without_views_it_is_the_clean_input():
    made = pipeline(ToFloat(), Identity())
    x = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    torch.testing.assert_close(made(x), x / 255)


def test_a_single_view_is_named_after_its_class():
    made = pipeline(ToFloat(), Identity(), Viewmaker(channels=3, width=4))
    assert made.names == ["decode", "front_end", "viewmaker"]


def test_entries_stay_the_same_objects():
    step = Step("a")
    assert pipeline(Identity(), Identity(), Compose(mine=step))["mine"] is step


@pytest.mark.parametrize("wrap", [lambda view: RandomApply(view, 0.5), lambda view: Compose(inner=view)])
def test_a_wrapped_view_keeps_its_stage(wrap):
    views = Compose(wave=wrap(Step("w", "natural")), spectrum=wrap(Step("s")))
    assert pipeline(Identity(), Identity(), views).names == ["decode", "wave", "front_end", "spectrum"]


def test_a_nested_chain_must_be_of_one_stage():
    views = Compose(both=Compose(a=Step("a"), b=Step("b", "natural")))
    with pytest.raises(ValueError, match="mixes views before and behind the front end: a, b"):
        pipeline(Identity(), Identity(), views)


@pytest.mark.parametrize("name", ["decode", "front_end"])
def test_the_pipelines_own_names_are_taken(name):
    with pytest.raises(ValueError, match=f"entry called '{name}'"):
        pipeline(Identity(), Identity(), Compose({name: Step("a")}))
