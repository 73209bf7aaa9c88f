"""Shifts by hand."""

import pytest
import torch

from audio import views


def test_shift_delays():
    x = torch.arange(1.0, 6.0).expand(3, 1, 5)
    shift = torch.tensor([2, 0, -1])
    wrapped = views.TimeShift().transform(x, {"shift": shift})[:, 0]
    silent = views.TimeShift(wrap=False).transform(x, {"shift": shift})[:, 0]
    assert wrapped.tolist() == [[4, 5, 1, 2, 3], [1, 2, 3, 4, 5], [2, 3, 4, 5, 1]]
    assert silent.tolist() == [[0, 0, 1, 2, 3], [1, 2, 3, 4, 5], [2, 3, 4, 5, 0]]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.TimeShift(-0.1), "max_fraction is -0.1"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
