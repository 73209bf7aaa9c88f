"""Sweeps: rows, resuming, and the closed form beside training."""

import json

import numpy as np
import pytest
import torch

from theory import FeatureGroup, GroupModel, InfoNCE, Optimization, Spectral, solve, sweep, train
from theory.closed_forms.boundaries import learned
from theory.measures.probe import probe
from theory.model.parameters import vary
from theory.table import TidyTable

MODEL = GroupModel([FeatureGroup("A", (3,) * 2), FeatureGroup("B", (1,) * 2)], noise_dims=2)


def test_rows_are_those_of_single_runs():
    """A cell of a sweep over numbers and structure equals the run of that cell alone."""
    grid = {"dim": [2, 3], "A.destroy": [0.0, 0.5], "A.mode": ["resample", "zero"], "temperature": [0.2, 1.0]}
    table = sweep(MODEL, grid, optimization=Optimization(30), seeds=2)
    assert len(table) == 2 * 2 * 2 * 2 * 2
    row = table.select(**{"dim": 3, "A.destroy": 0.5, "A.mode": "zero", "temperature": 1.0, "seed": 1})
    model = MODEL.with_group("A", destroy=0.5, mode="zero")
    alone = train(model, InfoNCE(1.0), 3, Optimization(30), num_seeds=2)
    expected = probe(model, alone.weight.double()).group_r2("B")[0, 1]
    assert len(row) == 1 and row["r2_B"][0] == pytest.approx(expected.item(), rel=1e-3)


def test_a_stopped_sweep_goes_on_and_gives_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("theory.sweeps.sweep.MAX_RUNS", 4)
    grid = {"A.destroy": np.linspace(0, 0.6, 6)}
    whole = sweep(MODEL, grid, Spectral(), optimization=Optimization(20), seeds=2)

    calls = []

    def interrupted(*args, **kwargs):
        calls.append(len(kwargs["parameters"]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*args, **kwargs)

    monkeypatch.setattr("theory.sweeps.sweep.train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(MODEL, grid, Spectral(), optimization=Optimization(20), seeds=2, out=tmp_path)
    assert len(TidyTable.read(tmp_path / "sweep.csv")) == 8
    resumed = sweep(MODEL, grid, Spectral(), optimization=Optimization(20), seeds=2, out=tmp_path)
    assert calls == [2, 2, 2, 2]
    assert list(resumed) == list(whole)
    assert all(np.array_equal(resumed[name], whole[name]) for name in whole)
    assert json.loads((tmp_path / "settings.json").read_text())["loss"]["type"] == "Spectral"
    with pytest.raises(ValueError, match="another num_steps"):
        sweep(MODEL, grid, Spectral(), optimization=Optimization(21), seeds=2, out=tmp_path)


def test_unknown_axes_list_the_known():
    with pytest.raises(ValueError, match=r"no axis 'color'; there are: .*temperature"):
        sweep(MODEL, {"color": [1.0]}, optimization=Optimization(1), seeds=1)


def test_dimension_staircase_is_learned():
    """4 dims of A, 4 of B: R² of B is (m − 4)/4 between, for each loss to 0.02."""
    model = GroupModel([FeatureGroup("A", (2,) * 4), FeatureGroup("B", (1,) * 4)], noise_dims=8)
    for loss, dims in ((Spectral(), [2, 5, 7]), (InfoNCE(similarity="dot"), [5]), (InfoNCE(0.2), [7])):
        table = sweep(model, {"dim": dims}, loss, optimization=Optimization(500), seeds=2, readout=0.0)
        for dim in dims:
            rows, expected = table.select(dim=dim), {2: 0.0, 5: 0.25, 7: 0.75}[dim]
            assert rows["theory_r2_B"] == pytest.approx(expected)
            assert rows["r2_B"] == pytest.approx(expected, abs=0.02)


def test_counting_equals_the_solution():
    numbers = vary(MODEL, {"A.destroy": np.linspace(0, 0.9, 7), "A.strength": np.linspace(1.1, 4, 7)})
    for dim in (1, 2, 3, 5):
        part, _ = learned(MODEL, dim=dim, parameters=numbers)
        solution = solve(MODEL, dim=dim, parameters=numbers)
        for name in "AB":
            assert torch.allclose(part[:, MODEL.directions(name)].sum(-1).double(), solution.learned(name))
