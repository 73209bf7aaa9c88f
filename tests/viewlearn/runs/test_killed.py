"""A run that is killed before any of its operations on files, and taken up again, ends as if nothing had been."""

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState
from killed import Moments, every_moment
from once import parsing_once

from viewlearn.files import write_text
from viewlearn.runs import RunFolder, make_parser, run

# Two checkpoints, of which the second removes the first; lines and measurements between and at them.
SETTINGS = ("--steps", "4", "--checkpoint_every", "2", "--keep_checkpoints", "1", "--monitor_every", "2")


@pytest.fixture(scope="module")
def go() -> Callable[[Path], RunFolder]:
    """``go(folder)`` trains into a folder, or goes on if it is there; pictures are short files that take no time."""
    import toy  # noqa: F401

    defaults = {
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
    }
    parser = parsing_once(make_parser("a test", defaults))
    module = importlib.import_module("viewlearn.runs.run")  # whose name in the package is the function's

    def go(path: Path) -> RunFolder:
        AcceleratorState._reset_state(reset_partial_state=True)
        flags = ("--resume", str(path)) if path.exists() else ("--out", str(path), *SETTINGS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ACCELERATE_USE_CPU", "true")
            patch.setattr("viewlearn.training.loop.peak_flops", lambda *_: 1.0)
            patch.setattr("viewlearn.training.loop.step_flops", lambda *_: 10**7)
            patch.setattr(module, "save_figures", lambda folder, *_: write_text(folder.figures / "views.png", "views"))
            return run(parser, [*flags, "--trust"], report=lambda folder, *_: write_text(folder.report, "page"))[0]

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


@pytest.fixture
def resumes_to(go, tmp_path, monkeypatch) -> Callable[[Path, dict[str, object]], None]:
    """``resumes_to(state, expected)`` goes on from a copy of a state, and compares what it has left in the end."""

    def resumes_to(state: Path, expected: dict[str, object]) -> None:
        copy = shutil.copytree(state, tmp_path / f"resumed {len(list(tmp_path.iterdir()))}")
        monkeypatch.chdir(copy)  # so that all are one command
        again = content(go(Path("run")).path)
        assert {*again} ^ {*expected} == set()
        assert [name for name in expected if again[name] != expected[name]] == []
        assert [path.name for path in copy.iterdir()] == ["run"]

    return resumes_to


@pytest.fixture(scope="module")
def whole(go, tmp_path_factory) -> Moments:
    """An uninterrupted run, and what its folder was before each operation."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "home").mkdir()
    with every_moment(folder / "home", folder / "moments") as moments:
        go(folder / "home" / "run")
    return moments


@pytest.mark.slow
def test_killed_before_every_operation_on_files(whole, resumes_to):
    assert whole.num_operations > 80
    assert len(whole.states) > 20
    expected = content(whole.watched / "run")
    assert {"config.yaml", "encoder.safetensors", "report.html", "checkpoints/step_00000004/state.json"} <= set(
        expected
    )
    for state in whole.states.values():
        resumes_to(state, expected)


@pytest.mark.slow
def test_killed_while_it_goes_on_after_damage(whole, go, resumes_to, tmp_path):
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
            resumes_to(state, expected)
        else:
            with pytest.warns(UserWarning, match="now damaged_step_00000004"):
                resumes_to(state, expected)


def test_killed_within_a_line(whole, resumes_to, tmp_path):
    expected = content(whole.watched / "run")
    grown = [state for state in whole.states.values() if (state / "run" / "metrics.jsonl").exists()]
    state = shutil.copytree(grown[len(grown) // 2], tmp_path / "grown")
    for name in ("metrics.jsonl", "timings.jsonl"):
        with (state / "run" / name).open("a") as file:
            file.write('{"step": 3, "lo')
    resumes_to(state, expected)
