"""The examples run, in seconds, and do what they say. Each is at most 80 lines, to be read in one sitting."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from viewlearn.views import reverse_gradient

FOLDER = Path(__file__).parents[2] / "experiments" / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_they_are_short_and_use_neither_command_line_nor_run_folder(name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert text.count("\n") <= 80
    assert "viewlearn.runs" not in text and "viewlearn.train import" not in text


@pytest.mark.slow
def test_a_plain_loop_learns_to_tell_images_apart():
    losses = example("plain_loop").main()
    assert sum(losses[-5:]) / 5 < sum(losses[:5]) / 5 - 0.2  # nats


@pytest.mark.slow
def test_a_plain_loop_reads_a_folder(tmp_path):
    from PIL import Image

    (tmp_path / "all").mkdir()
    for i in range(64):
        Image.new("RGB", (40, 40), (4 * i, 255 - 4 * i, 128)).save(tmp_path / "all" / f"{i}.png")
    module = example("plain_loop")
    module.STEPS = 2
    assert len(module.main(str(tmp_path))) == 2


@pytest.mark.slow
def test_a_viewmaker_plays_inside_another_library():
    pytest.importorskip("lightly")
    module = example("viewmaker_in_lightly")
    module.STEPS = 3
    history = module.main()
    assert all(0.05 < change <= 0.1 + 1e-6 for change in history["change"])  # clamping may take a part of the budget


def test_a_view_of_ones_own(capsys):
    example("own_view").main()
    assert "the vignette alone changes a pixel by 0." in capsys.readouterr().out


def test_a_learned_view_of_ones_own(capsys, generator):
    """It takes about 40 lines, keeps its budget, learns, and wants what its penalty says."""
    module = example("shade")
    module.main()
    assert "light and shadow change the brightness by 20.0 %" in capsys.readouterr().out
    text = (FOLDER / "shade.py").read_text(encoding="utf-8")
    lines = text[text.index("class LearnedShade") : text.index("def main")].splitlines()
    assert len([line for line in lines if line.strip()]) <= 40
    view = module.LearnedShade(channels=3)
    x = torch.rand(4, 3, 24, 24, generator=generator)
    seen, decisions = view.observe(x, view.sample(x, generator))
    (reverse_gradient(seen).sum() + view.penalty([decisions[""]])).backward()
    assert all(p.grad.abs().sum() > 0 for p in view.parameters())


@pytest.mark.slow
def test_looc_has_a_space_per_factor():
    module = example("looc_own_factors")
    module.STEPS = 3
    assert {"loss/all", "loss/color", "loss/rotation"} <= module.main()[-1].keys()


@pytest.mark.slow
def test_sounds_are_learned_from():
    losses = example("sound").main()
    assert sum(losses[-5:]) / 5 < sum(losses[:5]) / 5 - 0.5  # nats


@pytest.mark.slow
def test_training_takes_ten_lines(tmp_path):
    from PIL import Image

    module = example("trainer")
    module.STEPS = 2
    for i in range(24):
        folder = tmp_path / str(i % 2)
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (40, 48), (10 * i, 255 - 10 * i, 128)).save(folder / f"{i}.png")
    for folder in (None, str(tmp_path)):
        assert module.main(folder).evaluate().rows


@pytest.mark.slow
def test_a_network_of_timm_starts_from_a_file(tmp_path):
    timm = pytest.importorskip("timm")
    module = example("timm_encoder")
    module.STEPS = 1
    torch.save(timm.create_model(module.NAME).state_dict(), tmp_path / "weights.pth")  # with its classifier
    assert module.main(str(tmp_path / "weights.pth")).num_features == 512


@pytest.mark.slow
def test_a_pipeline_of_torchvision_is_a_view():
    module = example("torchvision_views")
    module.STEPS = 2
    assert len(module.main()) == 2


def test_they_run_as_scripts_from_anywhere(tmp_path):
    done = subprocess.run([sys.executable, FOLDER / "own_view.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
