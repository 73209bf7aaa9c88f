"""Bounds hold in Python as on the command line, and say what is allowed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
import torch

import viewlearn
from viewlearn.bounds import (
    Ascending,
    Bounds,
    Checked,
    Count,
    Fraction,
    FractionRange,
    Positive,
    check_fields,
    checked,
    fault,
)
from viewlearn.optimizers import ConvMuon
from viewlearn.training.settings import TrainingSettings


@pytest.mark.parametrize("value", [0, 1, 0.5, True, None, "word", torch.tensor(7.0), [2.0]])
def test_what_fits_or_is_of_another_type_is_left_alone(value):
    assert fault(value, Fraction) is None


@pytest.mark.parametrize("value", [-1, 1.0001, math.inf, -math.inf, math.nan, 10**400, 1e30])
def test_what_does_not_fit_is_told(value):
    assert fault(value, Fraction) == "lie in [0, 1]"
    assert fault(value, Fraction | None) == "lie in [0, 1], or null"


def test_bounds_at_their_ends():
    inside = Bounds(0, 1, without_low=True, without_high=True)
    assert not inside.hold(0) and not inside.hold(1) and inside.hold(1e-9)
    assert str(inside) == "(0, 1)" and str(Bounds(-0.5, 1e-4)) == "[-0.5, 0.0001]"
    assert str(Bounds(1, 2**32 - 1)) == "[1, 4294967295]"


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e30, 10**20])
@pytest.mark.parametrize("hint", [float, int, float | None, Sequence[float], dict[str, float]])
def test_numbers_without_bounds_are_finite_and_not_huge(value, hint):
    held = [value] if hint == Sequence[float] else {"a": value} if hint == dict[str, float] else value
    assert fault(held, hint)


@pytest.mark.parametrize(
    ("value", "hint", "said"),
    [
        ((0.2, 0.1), FractionRange, "be (smallest, largest)"),
        ([0.2, 1.1], FractionRange, "be (smallest, largest) within [0, 1]"),
        ((0.2, 0.2), FractionRange, None),
        ([1, 0, 2], Sequence[Count], "lie in [1, 1000000000], each"),
        ((1, -1), tuple[Count, Fraction], "lie in [0, 1], each"),
        (2.0, Fraction | FractionRange, "lie in [0, 1]"),
        ((0.5, 0.1), Fraction | FractionRange, "be (smallest, largest)"),
        ("data", FractionRange | Literal["data"] | None, None),
        (-3, Annotated[int, Bounds(0, 1)] | Annotated[int, Bounds(5, 6)], "lie in [0, 1] or [5, 6]"),
        (
            (1e20, 2e20),
            Annotated[tuple[float, float], Ascending()],
            "be (smallest, largest) within [-1000000000, 1000000000]",
        ),
    ],
)
def test_lists_and_choices(value, hint, said):
    assert fault(value, hint) == said


class Base(Checked):
    def __init__(self, size: Count = 1, *, part: "Fraction" = 0.5):
        self.size, self.part = size, part


class Derived(Base):
    def __init__(self, rate: Positive, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate


def test_constructors_are_checked_by_their_base_class():
    made = Derived(0.5, size=3, part=1)
    assert (made.rate, made.size, made.part) == (0.5, 3, 1)
    for arguments, said in [((0,), "rate is 0"), ((math.nan,), "rate is nan")]:
        with pytest.raises(ValueError, match=said):
            Derived(*arguments)
    with pytest.raises(ValueError, match=r"part is 2; it must lie in \[0, 1\]"):
        Derived(1.0, part=2)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        Derived(1.0, size=1, colour=2)


def test_functions_and_settings():
    @checked
    def scaled(x: float, by: Positive = 1.0) -> float:
        return x * by

    assert scaled(2.0) == 2.0 and scaled.__name__ == "scaled"
    with pytest.raises(ValueError, match=r"by is -1; it must lie in \(0, 1000000000\]"):
        scaled(1.0, by=-1)

    @dataclass(frozen=True)
    class Settings:
        part: Fraction = 0.5

        def __post_init__(self):
            check_fields(self)

    with pytest.raises(ValueError, match="part is 7"):
        Settings(7)
    with pytest.raises(ValueError, match="steps is 0"):
        TrainingSettings(steps=0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: viewlearn.Viewmaker(budget=math.inf, channels=3), "budget is inf"),
        (lambda: viewlearn.LearnedMask(budget="much", channels=3), "budget is 'much'; it must be float"),
        (lambda: viewlearn.LearnedMask(fill="gray", channels=3), "fill is 'gray'; it must be one of 'mean', 'noise'"),
        (lambda: viewlearn.RandomApply(viewlearn.NoViews(), probability=1.5), "probability is 1.5"),
        (lambda: viewlearn.Backbone("resnet10w4", channels=0, size=(8, 8)), "channels is 0"),
        (lambda: ConvMuon([torch.zeros(1)], momentum=1.0), r"momentum is 1.0; it must lie in \[0, 1\)"),
    ],
)
def test_components(make, said):
    with pytest.raises(ValueError, match=said):
        make()
