"""Pictures of views: on a scale that holds them, with their change beside them."""

import pytest
import torch

from viewlearn.plots import Decided
from viewlearn.report.sections.gallery import Drawn, _changes, _images, _span


@pytest.mark.parametrize("values, span", [([0.2, 0.9], (0, 1)), ([-0.001, 1.004], (0, 1)), ([-0.5, 0.9], (-0.5, 1))])
def test_the_scale_is_that_of_images_unless_views_leave_it(values, span):
    assert _span([torch.tensor(values)], 0.0, 1.0) == pytest.approx(span)


def test_change_is_the_mean_over_channels_and_is_none_of_views_of_another_size():
    clean = torch.zeros(1, 3, 2, 2)
    view = clean.clone()
    view[0, :, 0, 0] = torch.tensor([0.3, -0.6, 0.0])
    torch.testing.assert_close(_changes(clean, [view])[0][0], torch.tensor([[0.3, 0.0], [0.0, 0.0]]))
    assert _changes(clean, [torch.zeros(1, 3, 4, 4)]) == []


def test_changes_and_decisions_stand_beside_the_views():
    clean = torch.zeros(2, 3, 4, 4)
    mask = Decided("mask", clean, {"mask": torch.ones(2, 1, 4, 4)})
    drawn = [Drawn(None, clean + 0.5, [mask]), Drawn(None, clean, [mask])]
    grid = _images(clean, drawn, ["a", "b"])
    assert grid.head == ["", "original", "view 1", "change 1", "view 2", "change 2", "view 1, mask: mask"]
    assert [len(tiles) for _, tiles in grid.rows] == [6, 6]
    assert grid.scales[0].high.startswith("0.5 =")
    other = _images(clean, [Drawn(None, torch.zeros(2, 3, 8, 8), [])], ["a", "b"])
    assert other.head == ["", "original", "view 1"] and not other.scales
