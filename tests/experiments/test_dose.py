"""Dose curves held against the laws of a shortcut: crossed tables, predictions, knees."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from theory import critical_bits
from theory.table import TidyTable

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture(scope="module")
def dose():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(EXPERIMENTS)])  # last, as the scripts do
        from linear_model import dose

        yield dose


@pytest.fixture
def grid(dose, tmp_path):
    return dose.load_grid("randbit", "cpu", 2, "/data", tmp_path)


def test_axes_are_crossed_block_by_block(grid):
    assert len(grid.rows) == 8 * 3 * 2 + 8 * 3 and len(grid.cells) == 2 * len(grid.rows)
    cell = next(cell for cell in grid.cells if cell.row == "N 64, m 128, τ 0.5, k 6")
    assert grid.places[cell.row] == {"N": "64", "m": "128", "τ": "0.5", "k": "6"}
    given = dict(zip(cell.flags[::2], cell.flags[1::2], strict=True))
    assert given["--data.bits"] == "6" and given["--method.temperature"] == "0.5" and given["--batch_size"] == "64"


def test_predictions_are_those_of_the_laws(dose, grid):
    table = dose.predictions(grid, 0.3)
    assert len(table) == 9 and set(table["negatives"]) == {126, 510} and set(table["width"]) == {8, 128}
    row = table.select(curve="N 256, m 8, τ 0.2")
    assert row["critical_bits"][0] == pytest.approx(critical_bits(0.2, 0.3))
    assert row["knee"][0] == pytest.approx(min(critical_bits(0.2, 0.3), np.log2(511)))


def test_knees_are_half_way(dose):
    assert dose.measured_knee({0: [0.5, 0.5], 2: [0.5], 4: [0.2], 16: [0.1]}) == pytest.approx(2 + 2 * 0.2 / 0.3)
    assert np.isnan(dose.measured_knee({0: [0.1], 16: [0.1]}))
    assert np.isnan(dose.measured_knee({2: [0.5], 16: [0.1]}))
    assert dose.explained(np.array([1.0, 3.0]), np.array([1.0, 3.0])) == 1
    assert dose.explained(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == 0


def test_measured_beside_predicted(dose, grid, monkeypatch, tmp_path):
    """Runs that fall where the law says have no error; the command says so, and draws them."""
    predicted = dose.predictions(grid, 0.3)
    predicted.write(tmp_path / "predicted.csv")
    knee = dict(zip(predicted["curve"], predicted["knee"], strict=True))

    def told(grid, cells, task):
        name = next(name for name, each in dose.curves(grid).items() if each[0] is cells[0])
        doses = (0, 2, 4, 6, 8, 10, 12, 16)
        return {k: [0.1 + 0.4 / (1 + np.exp(4 * (k - knee[name])))] for k in doses}

    monkeypatch.setattr(dose, "accuracies", told)
    table = dose.knees(grid, TidyTable.read(tmp_path / "predicted.csv"))
    assert np.abs(table["error"]).max() < 1
    assert len(dose.draw(grid, table).axes) == 3
    assert any("within 1.5 bits: 9 of 9" in line for line in dose._compared(table))


def test_no_predictions_no_comparison(dose, tmp_path):
    options = SimpleNamespace(
        table="randbit", predict=False, predictions=tmp_path / "none.csv", root="/data", scale="cpu", seeds=1,
        tables=tmp_path,
    )  # fmt: skip
    with pytest.raises(ValueError, match="write them first, with --predict"):
        dose.run(options)
