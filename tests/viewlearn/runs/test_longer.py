"""Runs that are made longer: each stretch has its schedule, and the rest goes on as it was."""

import json
import sys

import pytest
from safetensors.torch import load_file

from viewlearn.runs import read_jsonl
from viewlearn.training import Schedule, Stretch, warmup_cosine
from viewlearn.training.schedule import stretch_at

FLAGS = ("--encoder", "toy.Plain", "--views", "NoViews", "--precision", "fp32", "--log_every", "1")
CONSTANT = ("--schedule.final", "1")


@pytest.fixture(autouse=True)
def _nothing_afterwards(monkeypatch):
    """What comes after training takes longer than all the steps, and no test here looks at it."""
    monkeypatch.setattr(sys.modules["viewlearn.runs.run"], "evaluate_run", lambda *args: None)


def rates(folder):
    return [line["lr"] for line in read_jsonl(folder / "metrics.jsonl") if "lr" in line]


def test_a_step_belongs_to_one_stretch():
    stretches = (Stretch(3), Stretch(5, Schedule(final=1.0)), Stretch(9))
    found = [stretch_at(step, stretches) for step in range(9)]
    assert [begin for begin, _ in found] == [0, 0, 0, 3, 3, 5, 5, 5, 5]
    assert [stretch.end for _, stretch in found] == [3, 3, 3, 5, 5, 9, 9, 9, 9]


def test_a_longer_run_restarts_its_schedule(launch, tmp_path):
    launch("--out", "run", "--steps", "3", *FLAGS)
    launch("--resume", "run", "--steps", "7")
    peak = 0.03
    expected = [peak * warmup_cosine(k, 3) for k in range(3)] + [peak * warmup_cosine(k, 4) for k in range(4)]
    assert rates(tmp_path / "run") == pytest.approx(expected)
    assert json.loads((tmp_path / "run/compute.json").read_text())["steps"] == 7
    with pytest.raises(ValueError, match="the run has steps 7; to go on, give more than that, not 5"):
        launch("--resume", "run", "--steps", "5")
    with pytest.raises(ValueError, match=r"keeps its configuration.*seed"):
        launch("--resume", "run", "--steps", "9", "--seed", "1")
    with pytest.raises(ValueError, match=r"keeps its configuration.*schedule\.final"):
        launch("--resume", "run", "--schedule.final", "1")
    with pytest.raises(ValueError, match="given steps is made longer by steps"):
        launch("--resume", "run", "--compute", "1")
    launch("--resume", "run")  # nothing left to do
    assert rates(tmp_path / "run") == pytest.approx(expected)


def test_under_a_constant_rate_it_is_the_run_of_that_length(launch, tmp_path):
    launch("--out", "whole", "--steps", "4", *FLAGS, *CONSTANT)
    launch("--out", "longer", "--steps", "2", *FLAGS, *CONSTANT)
    launch("--resume", "longer", "--steps", "4")
    assert (tmp_path / "whole/metrics.jsonl").read_text() == (tmp_path / "longer/metrics.jsonl").read_text()
    whole, longer = (load_file(tmp_path / name / "encoder.safetensors") for name in ("whole", "longer"))
    assert all((whole[name] == longer[name]).all() for name in whole)


def test_compute_and_a_schedule_for_what_is_added(launch, tmp_path):
    folder, _, _ = launch("--out", "run", "--steps", "2", *FLAGS)
    step = folder.load_compute()["flops_per_step"] / 1e12
    launch("--out", "other", "--compute", str(2.5 * step), *FLAGS)
    launch("--resume", "other", "--compute", str(5.5 * step), "--schedule.final", "1")
    assert rates(tmp_path / "other")[2:] == pytest.approx([0.03] * 3)
    stored = json.loads((tmp_path / "other/longer.json").read_text())
    assert [each["end"] for each in stored["before"]] == [2] and stored["now"]["schedule"]["final"] == 1
    (tmp_path / "other/longer.json").write_text("{")
    with pytest.raises(ValueError, match=r"longer\.json can't be read"):
        launch("--resume", "other")
