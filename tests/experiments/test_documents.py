"""Commands of the documents, as written: their flags are those of the scripts; the one on video trains."""

import importlib
import re
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

from viewlearn import evaluate
from viewlearn.report import __main__ as report
from viewlearn.runs import load_components, make_parser
from viewlearn.runs.questions import parse_factors, split_data
from viewlearn.train import DEFAULTS
from vision.video.tracking.tracks import Track, save_tracks

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[tuple[str, str, list[str]]]:
    """Page, script and flags of every line that is a command."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^(?:    )?(?:pip .*&& )?python (.+)$", text, re.MULTILINE):
            tokens = shlex.split(line, comments=True)
            tokens = tokens[1:] if tokens[0] == "-m" else tokens
            name = Path(tokens[0].removeprefix("viewlearn.")).stem
            if not tokens[0].startswith(("-", "experiments/examples/")) and tokens[0] != "venv":
                found.append((page.name, name, tokens[1:]))
    return found


@pytest.fixture
def _from_the_clone(monkeypatch):
    """Configurations are named from the root; the tutorial's own view is an example."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "experiments"), str(ROOT / "experiments/examples")])


def parse(script: str, flags: list[str], monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", [script, *flags])
    if script == "train":
        make_parser("", DEFAULTS).parse(flags)
    elif script == "evaluate":
        _, others = split_data(flags)
        parse_factors(evaluate._make_parser().parse_args(others).factors or [])
    elif script == "report":
        report._make_parser().parse_args(flags)
    elif script == "theory":
        importlib.import_module("linear_model.commands")._parser().parse_args(flags)
    elif script in ("invariance", "reproduce"):
        module = runpy.run_path(str(ROOT / f"experiments/{script}.py"))
        module["parse" if script == "invariance" else "_parse"]()
    else:
        name = f"viewlearn/{script}.py" if script == "embed" else f"experiments/{script}.py"
        text = (ROOT / name).read_text(encoding="utf-8")
        for flag in (each.partition("=")[0] for each in flags if each.startswith("--")):
            assert f'"{flag}"' in text, flag


def test_every_command_has_flags_that_there_are(_from_the_clone, monkeypatch):
    load_components()
    tried = commands()
    for page, script, flags in tried:
        try:
            parse(script, flags, monkeypatch)
        except (SystemExit, ValueError) as error:
            pytest.fail(f"{page}: {script} {shlex.join(flags)}: {error}")
    assert {script for _, script, _ in tried} >= {"train", "evaluate", "report", "reproduce", "invariance", "track"}
    assert len(tried) > 40


def test_the_command_on_clips_of_ones_own(tmp_path, monkeypatch):
    (flags,) = [flags for page, script, flags in commands() if page == "invariance.md" and script == "train"]
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for k in range(10):
            picture = generator.integers(0, 255, (40, 60, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "clips" / name / f"{k}.png")
        box = torch.tensor([[2.0, 2, 32, 32]]).repeat(10, 1)
        save_tracks([Track(0, box, torch.ones(10, dtype=torch.bool), 1.0)], tmp_path / "tracks" / f"{name}.jsonl")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    short = (
        "--data.fps 5 --data.size 32 --data.num_frames 2 --encoder.name resnet10w4 --steps 2 --batch_size 2 --name r "
    )
    short += "--method.queue 4 --monitor_every 0 --report false --threads 1 --device cpu --precision fp32"
    monkeypatch.setattr(sys, "argv", ["train.py", *flags, *short.split()])
    AcceleratorState._reset_state(reset_partial_state=True)
    runpy.run_path(str(ROOT / "experiments/train.py"), run_name="__main__")
    AcceleratorState._reset_state(reset_partial_state=True)
    assert (tmp_path / "runs/r/encoder.safetensors").is_file()
