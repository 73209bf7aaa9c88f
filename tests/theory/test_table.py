"""Tables and their files."""

import numpy as np
import pytest

from theory.table import TidyTable


def test_tables_come_back_bit_for_bit(tmp_path):
    table = TidyTable({"x": np.array([0.1, 1 / 3, np.nan]), "name": np.array(["a", "b", "c"])})
    table.write(tmp_path / "t.csv")
    again = TidyTable.read(tmp_path / "t.csv")
    assert np.array_equal(again["x"], table["x"], equal_nan=True) and again["name"].tolist() == ["a", "b", "c"]
    assert again.select(name="b")["x"] == 1 / 3
    with pytest.raises(ValueError, match="no column 'y'; there are: x, name"):
        again["y"]
    with pytest.raises(ValueError, match="must have one length"):
        TidyTable({"x": np.zeros(2), "y": np.zeros(3)})


def test_crossings_interpolate():
    table = TidyTable({"p": np.array([0.0, 1, 1, 2]), "v": np.array([0.0, 0.5, 1.5, 2.0])})
    assert table.crossing("p", "v", 0.5) == 0.5
    assert np.isnan(table.crossing("p", "v", 5.0))
