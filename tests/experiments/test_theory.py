"""The command line of the linear model, as a user calls it."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

import vision  # noqa: F401  (its classes can then be given by name)
from theory.table import TidyTable
from viewlearn.runs import make_parser, run

SCRIPT = Path(__file__).parents[2] / "experiments" / "theory.py"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Calls the script's main in an empty folder; returns what it printed and checks its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(SCRIPT.parent)])  # last, as the script does
    spec = importlib.util.spec_from_file_location("theory_script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def run(*arguments: object, code: int = 0) -> str:
        try:
            script.main([str(argument) for argument in arguments])
            left = 0
        except SystemExit as exit:
            left = exit.code
        said = "".join(capsys.readouterr())
        if isinstance(left, str):
            said, left = said + left, 1
        assert left == code, said
        return said

    return run


def test_a_sweep_writes_table_settings_and_figure_and_goes_on(tmp_path, call):
    options = (
        "sweep",
        "--x",
        "A.destroy=0:0.9:3",
        "--y",
        "A.strength=1.5,6",
        "--loss",
        "infonce",
        "--temperature",
        0.2,
    )
    options += ("--seeds", 2, "--steps", 20)
    call(*options)
    out = tmp_path / "runs" / "theory" / "sweep"
    table = TidyTable.read(out / "sweep.csv")
    assert len(table) == 3 * 2 * 2 and {"A.destroy", "A.strength", "r2_B", "theory_r2_B", "seed"} <= set(table)
    assert json.loads((out / "settings.json").read_text())["num_steps"] == 20
    assert (out / "sweep.png").stat().st_size > 5000
    before = (out / "sweep.csv").read_bytes()
    call(*options)
    assert (out / "sweep.csv").read_bytes() == before
    assert "holds a sweep with another dim" in call(*options, "--dim", 2, code=1)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("sweep", "--x", "A.destroy=0:1.5:3"), 1, "A.destroy must be a probability in [0, 1], not 1.5"),
        (("sweep", "--x", "A.destroy=many"), 2, "write NAME=START:STOP:COUNT"),
        (("sweep", "--x", "C.destroy=0,1"), 1, "no group 'C'; there are: A, B"),
        (("sweep", "--x", "dim=2,4", "--group", "A=1,-2"), 2, "strengths of group A must be positive"),
        (
            ("sweep", "--x", "dim=2,4", "--loss", "spectral", "--temperature", "1"),
            1,
            "spectral loss has no temperature",
        ),
        (("demo", "sleep"), 2, "invalid choice: 'sleep'"),
    ],
)
def test_mistakes_are_told_in_a_line(call, arguments, code, message):
    said = call(*arguments, code=code)
    assert message in said


def test_help_names_every_demonstration(tmp_path, call):
    said = call("demo", "--help")
    for name in ("capacity", "norm-competition", "adversary", "finite-sample", "dynamics", "hysteresis"):
        assert name in said
    assert "--group" in call("sweep", "--help")


def test_the_script_finds_the_package_of_its_own_name(start):
    """Run from its folder, where it comes first on the path."""
    code, said = start(SCRIPT, "--help", folder=SCRIPT.parent).finish()
    assert code == 0 and "norm-competition" in said, said


def test_a_temperature_under_a_dot_product_warns(tmp_path, call):
    said = call(
        *("sweep", "--x", "A.destroy=0,0.5", "--loss", "infonce-dot", "--temperature", 0.2, "--steps", 2, "--seeds", 1),
    )
    assert "only rescales the weights" in said


def test_a_demonstration_writes_what_it_says(tmp_path, call):
    said = call("demo", "finite-sample", "--seeds", 2, "--out", "there")
    assert "part of B that is learned" in said
    assert {p.name for p in (tmp_path / "there").iterdir()} == {
        "finite_sample.csv",
        "finite_sample.png",
        "finite_sample.json",
    }


RUN = (
    "--data PhotoDigits --data.num_train 320 --data.num_validation 32 --data.num_test 64 --views SimCLRViews "
    "--method SimCLR --batch_size 16 --steps 2 --log_every 1 --encoder Backbone --encoder.name resnet10w4 "
    "--probes [linear] --report false --monitor_every 0 --precision fp32 --threads 1 --device cpu --out runs/NAME"
)


@pytest.mark.slow
def test_a_prediction_for_a_real_run_stands_beside_what_was_measured(tmp_path, call, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    run(make_parser(""), RUN.split())
    AcceleratorState._reset_state(reset_partial_state=True)
    said = call("predict", "runs/NAME", "--pairs", 128, "--components", 16)
    assert "m = 128, τ = 0.07, 128 pairs" in said and "not evaluated" not in said
    table = TidyTable.read(tmp_path / "runs" / "theory" / "predict_NAME.csv")
    assert set(table["task"]) == {"digit", "region"}
    for name in ("captured", "share", "probe_accuracy"):
        assert ((table[name] >= 0) & (table[name] <= 1)).all()


def test_the_laws_of_a_shortcut(tmp_path, call):
    said = call("shortcut", "--bits", "0:6", "--temperature", "0.1,0.2", "--negatives", "255,999", "--correlation", 0.4)
    assert "14.4" in said and "7.2" in said
    out = tmp_path / "runs" / "theory"
    table = TidyTable.read(out / "shortcut.csv")
    assert len(table) == 7 * 2 * 2 and (out / "shortcut.png").is_file()
    one = table.select(temperature=0.2, negatives=255, bits=4)
    assert one["residual"][0] == pytest.approx(2.80, abs=0.01) and one["critical_dropping"][0] == 0
    assert "is neither A,B,… nor FIRST:LAST" in call("shortcut", "--bits", "6:0", code=2)
    assert "2.5 isn't a whole number" in call("shortcut", "--negatives", 2.5, code=1)
