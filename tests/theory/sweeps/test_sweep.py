import json

import numpy as np
import pytest
import torch

from theory import FeatureGroup, GroupModel, InfoNCE, Spectral, phase_diagram, solve, sweep, train
from theory.closed_forms.boundaries import learned
from theory.measures.probe import probe
from theory.model.parameters import vary
from theory.simulation.optimizers import GradientDescent
from theory.table import Table

MODEL = GroupModel([FeatureGroup("A", (3,) * 2), FeatureGroup("B", (1,) * 2)], noise_dims=2)


def test_rows_are_those_of_single_runs():
    """A cell of a sweep over numbers and structure equals the run of that cell alone."""
    grid = {"dim": [2, 3], "A.destroy": [0.0, 0.5], "A.mode": ["resample", "zero"], "temperature": [0.2, 1.0]}
    table = sweep(MODEL, grid, seeds=2, num_steps=30)
    assert len(table) == 2 * 2 * 2 * 2 * 2
    row = table.select(**{"dim": 3, "A.destroy": 0.5, "A.mode": "zero", "temperature": 1.0, "seed": 1})
    model = MODEL.with_group("A", destroy=0.5, mode="zero")
    alone = train(model, InfoNCE(1.0), 3, num_seeds=2, num_steps=30)
    expected = probe(model, alone.weight.double()).group_r2("B")[0, 1]
    assert len(row) == 1 and row["r2_B"][0] == pytest.approx(expected.item(), rel=1e-3)


def test_a_stopped_sweep_goes_on_and_gives_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("theory.sweeps.sweep.MAX_RUNS", 4)
    grid = {"A.destroy": np.linspace(0, 0.6, 6)}
    whole = sweep(MODEL, grid, Spectral(), seeds=2, num_steps=20)

    calls = []

    def interrupted(*args, **kwargs):
        calls.append(len(kwargs["parameters"]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*args, **kwargs)

    monkeypatch.setattr("theory.sweeps.sweep.train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(MODEL, grid, Spectral(), seeds=2, num_steps=20, out=tmp_path)
    assert len(Table.read(tmp_path / "sweep.csv")) == 8
    resumed = sweep(MODEL, grid, Spectral(), seeds=2, num_steps=20, out=tmp_path)
    assert calls == [2, 2, 2, 2]
    assert list(resumed) == list(whole)
    assert all(np.array_equal(resumed[name], whole[name]) for name in whole)
    assert json.loads((tmp_path / "settings.json").read_text())["loss"]["type"] == "Spectral"
    with pytest.raises(ValueError, match="another num_steps"):
        sweep(MODEL, grid, Spectral(), seeds=2, num_steps=21, out=tmp_path)


def test_unknown_axes_list_the_known():
    with pytest.raises(ValueError, match=r"no axis 'color'; there are: .*temperature"):
        sweep(MODEL, {"color": [1.0]}, num_steps=1, seeds=1)


def test_dimension_staircase_is_learned():
    """4 dims of A, 4 of B: R² of B is (m − 4)/4 between, for each loss to 0.02."""
    model = GroupModel([FeatureGroup("A", (2,) * 4), FeatureGroup("B", (1,) * 4)], noise_dims=8)
    for loss in (Spectral(), InfoNCE(similarity="dot"), InfoNCE(0.2)):
        table = sweep(model, {"dim": [2, 5, 7]}, loss, seeds=2, num_steps=500, readout=0.0)
        for dim, expected in ((2, 0.0), (5, 0.25), (7, 0.75)):
            rows = table.select(dim=dim)
            assert rows["theory_r2_B"] == pytest.approx(expected)
            assert rows["r2_B"] == pytest.approx(expected, abs=0.02)


def test_counting_equals_the_solution():
    numbers = vary(MODEL, {"A.destroy": np.linspace(0, 0.9, 7), "A.strength": np.linspace(1.1, 4, 7)})
    for dim in (1, 2, 3, 5):
        part, _ = learned(MODEL, dim=dim, parameters=numbers)
        solution = solve(MODEL, dim=dim, parameters=numbers)
        for name in "AB":
            assert torch.allclose(part[:, MODEL.directions(name)].sum(-1).double(), solution.learned(name))


@pytest.mark.slow
@pytest.mark.parametrize("loss", [Spectral(batch_size=128), InfoNCE(similarity="dot")], ids=str)
def test_phase_diagram_agrees_with_the_closed_form(loss):
    """Every run of a cell whose λ gap exceeds 0.05 learns the group that the closed form says."""
    model = GroupModel([FeatureGroup("A", (3,) * 4), FeatureGroup("B", (1,) * 4)])
    diagram = phase_diagram(
        model,
        ("A.destroy", np.linspace(0, 0.6, 9)),
        ("A.strength", np.linspace(1.1, 6, 7)),
        loss,
        seeds=2,
        num_steps=800,
    )
    assert (diagram.gap > 0.05).mean() > 0.7
    assert diagram.agreement(0.05) == 1.0
    assert diagram.agreement() > 0.95


def test_a_phase_diagram_without_training_is_closed_form():
    diagram = phase_diagram(MODEL, ("A.destroy", np.linspace(0, 1, 50)), ("A.strength", [1.5, 3.0]))
    assert diagram.theory["A"].shape == (2, 50)
    assert diagram.theory["A"][:, 0].tolist() == [1, 1] and diagram.theory["A"][:, -1].tolist() == [0, 0]
    with pytest.raises(ValueError, match="nothing was trained"):
        diagram.agreement()


def test_tables_come_back_bit_for_bit(tmp_path):
    table = Table({"x": np.array([0.1, 1 / 3, np.nan]), "name": np.array(["a", "b", "c"])})
    table.write(tmp_path / "t.csv")
    again = Table.read(tmp_path / "t.csv")
    assert np.array_equal(again["x"], table["x"], equal_nan=True) and again["name"].tolist() == ["a", "b", "c"]
    assert again.select(name="b")["x"] == 1 / 3
    with pytest.raises(ValueError, match="no column 'y'; there are: x, name"):
        again["y"]
    with pytest.raises(ValueError, match="differ in length"):
        Table({"x": np.zeros(2), "y": np.zeros(3)})


def test_crossings_interpolate():
    table = Table({"p": np.array([0.0, 1, 1, 2]), "v": np.array([0.0, 0.5, 1.5, 2.0])})
    assert table.crossing("p", "v", 0.5) == 0.5
    assert np.isnan(table.crossing("p", "v", 5.0))


@pytest.mark.parametrize("population", [True, False])
def test_training_is_reproducible_and_seeds_are_apart(population):
    first, again = (train(MODEL, Spectral(), 3, num_seeds=3, num_steps=20, population=population).weight for _ in "12")
    assert torch.equal(first, again)
    later = train(MODEL, Spectral(), 3, num_seeds=1, num_steps=20, population=population, seed=2).weight
    assert torch.allclose(first[:, 2:], later, atol=1e-6)
    assert not torch.allclose(first[:, 0], first[:, 1], atol=1e-2)


def test_rotating_the_input_rotates_the_trained_encoder():
    basis, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    turned = GroupModel(MODEL.groups, noise_dims=2, basis=basis)
    options = {"num_steps": 20, "optimizer": GradientDescent(0.02), "dtype": torch.float64}
    for population in (True, False):
        plain = train(MODEL, Spectral(), 3, population=population, **options).weight
        other = train(turned, Spectral(), 3, population=population, **options).weight
        assert torch.allclose(plain @ basis.mT, other, atol=1e-9)


def test_sampled_spectral_gradient_is_unbiased():
    """The mean gradient over 400 batches is the population's, within 3 %."""
    from theory.closed_forms.optimum import population_gradient
    from theory.model.moments import moments
    from theory.model.parameters import parameters_of
    from theory.model.sampling import Sampler

    model = MODEL.with_group("A", destroy=0.3)
    weight = 0.4 * torch.randn(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sampler = Sampler(model, 400, 256, dtype=torch.float64)
    x1, x2 = sampler.pairs(sampler.draw(), parameters_of(model))
    by_z1, by_z2 = Spectral().gradients(x1 @ weight.mT, x2 @ weight.mT)
    mean = (by_z1.mT @ x1 + by_z2.mT @ x2).mean((0, 1))
    exact = moments(model)
    expected = population_gradient(weight, exact.cross, exact.second)
    assert (mean - expected).norm() < 0.03 * expected.norm()


def test_divergence_says_what_to_do():
    with pytest.raises(FloatingPointError, match="take a smaller rate"):
        train(MODEL, Spectral(), 3, population=True, num_steps=200, optimizer=GradientDescent(10.0))


def test_history_begins_at_the_start_and_ends_at_the_end():
    trained = train(MODEL, Spectral(), 2, num_steps=20, record_every=10)
    assert trained.steps == (0, 10, 20) and trained.history.shape == (3, 1, 1, 2, 6)
    assert torch.equal(trained.history[-1], trained.weight)
