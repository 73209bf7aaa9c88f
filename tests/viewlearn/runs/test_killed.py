"""A run that is killed before any of its operations on files, and taken up again, ends as if nothing had been."""

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState
from killed import Moments, every_moment

from viewlearn.files import write_text
from viewlearn.runs import RunFolder, make_parser, run

# Two checkpoints, of which the second removes the first; lines and measurements between and at them.
SETTINGS = ("--steps", "4", "--checkpoint_every", "2", "--keep_checkpoints", "1", "--monitor_every", "2")


@pytest.fixture(scope="module")
def folder_parser():
    import toy  # noqa: F401

    return make_parser(
        "a test",
        {
            "data": {"class_path": "toy.Toy", "init_args": {"size": 8}},
            "views": {"class_path": "viewlearn.Viewmaker", "init_args": {"width": 2, "num_res_blocks": 0}},
            "encoder": {"class_path": "toy.Plain"},
            "batch_size": 16,
            "log_every": 1,
            "device": "cpu",
            "precision": "fp32",
            "threads": 1,
            "probes": ["knn"],
            "report": True,
        },
    )


@pytest.fixture
def go(folder_parser, monkeypatch) -> Callable:
    """``go(folder)`` trains into a folder, or goes on if it is there; pictures are short files that take no time."""
    module = importlib.import_module("viewlearn.runs.run")  # whose name in the package is the function's
    monkeypatch.setattr(module, "save_figures", lambda folder, *_: write_text(folder.figures / "views.png", "views"))

    def go(path: Path) -> RunFolder:
        AcceleratorState._reset_state(reset_partial_state=True)
        flags = ("--resume", str(path)) if path.exists() else ("--out", str(path), *SETTINGS)
        return run(folder_parser, [*flags, "--trust"], report=lambda folder, *_: write_text(folder.report, "page"))[0]

    return go


def content(path: Path) -> dict[str, object]:
    """What a run has left, every file by name: of results the scores, of what depends on the clock the form."""
    files: dict[str, object] = {}
    for file in path.rglob("*"):
        name = str(file.relative_to(path))
        if name == "results.json":
            files[name] = json.loads(file.read_text())["rows"]
        elif name == "timings.jsonl":
            files[name] = [json.loads(line)["step"] for line in file.read_text().splitlines()]
        elif name.endswith("manifest.json"):
            manifest = json.loads(file.read_text())
            manifest.get("logs", {}).pop("timings.jsonl", None)
            files[name] = manifest
        elif file.is_file():
            files[name] = file.read_bytes()
    return files


def resumes_to(expected: dict[str, object], state: Path, go: Callable) -> None:
    again = content(go(state / "run").path)
    assert {*again} ^ {*expected} == set()
    assert [name for name in expected if again[name] != expected[name]] == []
    assert [path.name for path in state.iterdir()] == ["run"]


@pytest.fixture
def whole(go, tmp_path) -> Moments:
    """An uninterrupted run, and what its folder was before each operation."""
    (tmp_path / "home").mkdir()
    with every_moment(tmp_path / "home", tmp_path / "moments") as moments:
        go(tmp_path / "home" / "run")
    return moments


@pytest.mark.slow
def test_killed_before_every_operation_on_files(whole, go):
    assert whole.num_operations > 80
    assert len(whole.states) > 20
    expected = content(whole.watched / "run")
    assert {"config.yaml", "encoder.safetensors", "report.html", "checkpoints/step_00000004/state.json"} <= set(
        expected
    )
    for state in whole.states.values():
        resumes_to(expected, state, go)


@pytest.mark.slow
def test_killed_while_it_goes_on_after_damage(whole, go, tmp_path):
    """The newest checkpoint is torn, the run goes on from the one before, and is killed at every moment of that."""
    expected = content(whole.watched / "run")
    both = next(state for state in whole.states.values() if len(list(state.glob("run/checkpoints/step_*"))) == 2)
    home = shutil.copytree(both, tmp_path / "again")
    (home / "run" / "checkpoints" / "step_00000004" / "state.json").write_text("")
    torn = content(home / "run" / "checkpoints" / "step_00000004")
    expected |= {f"checkpoints/damaged_step_00000004/{name}": each for name, each in torn.items()}
    with every_moment(home, tmp_path / "moments of that") as moments, pytest.warns(UserWarning, match="state.json is"):
        go(home / "run")
    early = [state for state in moments.states.values() if not (state / "run" / "results.json").exists()]
    for state in early:
        damaged = (state / "run" / "checkpoints" / "damaged_step_00000004").exists()
        if damaged:
            resumes_to(expected, state, go)
        else:
            with pytest.warns(UserWarning, match="now damaged_step_00000004"):
                resumes_to(expected, state, go)


def test_killed_within_a_line(whole, go):
    expected = content(whole.watched / "run")
    grown = [state for state in whole.states.values() if (state / "run" / "metrics.jsonl").exists()]
    state = grown[len(grown) // 2]
    for name in ("metrics.jsonl", "timings.jsonl"):
        with (state / "run" / name).open("a") as file:
            file.write('{"step": 3, "lo')
    resumes_to(expected, state, go)
