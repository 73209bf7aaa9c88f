"""The main job as the README's commands start it, made short by flags that users have too."""

import json
import math
import re
import runpy
import sys
from pathlib import Path

import accelerate.commands
import pytest
import torch
from accelerate.state import AcceleratorState

import viewlearn.train  # noqa: F401  (the script's modules)

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
LAUNCH = Path(accelerate.commands.__file__).parent / "launch.py"
SMALL = "--data.num_train 128 --data.num_validation 32 --data.num_test 64 --batch_size 32 --encoder.widths [4,6]"
SHORT = f"{SMALL} --steps 3 --log_every 1 --precision fp32 --threads 1 --device cpu --report false".split()


def readme_code(word: str) -> str:
    """The README's block of Python that has this word in it."""
    blocks = re.findall(r"```python\n(.*?)```", (EXPERIMENTS.parent / "README.md").read_text(), re.DOTALL)
    return next(block for block in blocks if word in block)


@pytest.mark.slow
def test_the_main_job_and_what_it_leaves(start, tmp_path, monkeypatch, capsys):
    code, said = start(LAUNCH, str(EXPERIMENTS / "train.py"), "--views.width", "4", *SHORT, folder=tmp_path).finish()
    assert code == 0, said[-3000:]
    run = tmp_path / "runs/PhotoDigits-CroppedViewmaker-SimCLR"
    for file in ("config.yaml", "metrics.jsonl", "encoder.safetensors", "results.json", "figures/views.png"):
        assert (run / file).is_file(), file
    for word in ("digit", "region", "linear", "knn", "majority", "untrained", "destroyed", "figures/curves.png"):
        assert word in said, word
    assert "3/3" in said  # the bar
    assert "samples/s" in said
    assert "Warning" not in said
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert all(math.isfinite(value) for line in lines for value in line.values())
    capsys.readouterr()
    script(tmp_path, monkeypatch, "evaluate.py", str(run), "--device", "cpu", "--threads", "1")
    tables = [
        [line.split("]")[:2] for line in text.splitlines() if line.startswith(("digit", "region"))]
        for text in (said, capsys.readouterr().out)
    ]
    assert tables[0] == tables[1] and len(tables[0]) == 4  # trained and untrained, with their intervals


@pytest.mark.slow
def test_the_readmes_own_view_and_its_loading(tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package/__init__.py").write_text(readme_code("class Shift(View)"))
    monkeypatch.setattr(sys, "path", [*sys.path])  # which the script adds to
    main(tmp_path, monkeypatch, "--views.most", "0.3", "--views", "my_package.Shift", "--name", "NAME")
    assert "most: 0.3" in (tmp_path / "runs/NAME/config.yaml").read_text()
    names = {"images": torch.rand(2, 3, 32, 32)}
    exec(readme_code("viewlearn.load"), names)  # in the folder of the run, where main has gone
    assert names["features"].shape == (2, 6)


def main(folder: Path, monkeypatch, *flags: str) -> None:
    """Training without its pictures, which the main job draws."""
    monkeypatch.setattr(sys.modules["viewlearn.runs.run"], "save_figures", lambda *_: [])
    script(folder, monkeypatch, "train.py", *flags, *SHORT)


def script(folder: Path, monkeypatch, name: str, *flags: str) -> None:
    """A script in this process: a tenth of the time, but for the launcher the same."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setattr("sys.argv", [name, *flags])
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        runpy.run_path(str(EXPERIMENTS / name), run_name="__main__")
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_another_view_and_its_arguments_before_its_name(tmp_path, monkeypatch, capsys):
    main(
        tmp_path, monkeypatch, "--views.strength", "0.5", "--views", "SimCLRViews", "--probes", "[knn]", "--out", "run"
    )
    settings = (tmp_path / "run/config.yaml").read_text()
    assert "class_path: vision.SimCLRViews" in settings
    assert "strength: 0.5" in settings
    assert "run folder: run" in capsys.readouterr().out


def test_a_mistake_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(SystemExit) as stop:
        main(tmp_path, monkeypatch, "--views.budget", "0")
    assert stop.value.code == "error: --views.budget is 0.0; it must lie in (0, 1000000000]"
    assert not (tmp_path / "runs").exists()
