"""Figures of invariance are written whole, and refuse what they can't show."""

import pytest

from viewlearn.plots.figure import grid_shape
from viewlearn.plots.invariance import save_invariance_bars, save_invariance_curves

TEST = {"score": 60.0, "null_mean": 30.0, "null_sd": 2.0, "excess": 15.0, "p": 0.01}
CURVE = {"values": [0, 1, 2], "whitened": [1.0, 0.6, 0.2], "whitened_error": [0.0, 0.02, 0.02]}


def test_bars_and_curves_are_written(tmp_path):
    reports = {"one": {"hue": {"RIS": TEST}, "scale": {"RIS": TEST}}, "other": {"hue": {"RIS": TEST}}}
    reports |= {f"encoder {k}": {"hue": {"RIS": {**TEST, "score_sd": 3.0}}} for k in range(6)}
    assert save_invariance_bars(tmp_path / "bars.png", reports, "RIS").stat().st_size > 5000
    curves = {"one": {"hue": CURVE, "scale": CURVE}, "other": {"hue": CURVE}}
    assert save_invariance_curves(tmp_path / "curves.png", curves).stat().st_size > 5000


@pytest.mark.parametrize(
    "num_panels, num_columns, shape", [(6, 5, (2, 3)), (5, 5, (1, 5)), (4, 3, (2, 2)), (7, 3, (3, 3)), (1, 4, (1, 1))]
)
def test_no_row_has_a_single_panel_where_rows_can_be_even(num_panels, num_columns, shape):
    assert grid_shape(num_panels, num_columns) == shape


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match="no report has the measure 'RIS'; there are: cosine"):
        save_invariance_bars(tmp_path / "bars.png", {"one": {"hue": {"cosine": TEST}}}, "RIS")
    with pytest.raises(ValueError, match="no curves"):
        save_invariance_curves(tmp_path / "curves.png", {"one": {}})
