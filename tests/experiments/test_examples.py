"""The examples run, in seconds, and do what they say. Each is at most 80 lines, to be read in one sitting."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from audio import SyntheticVowels
from viewlearn.encoders import Backbone
from viewlearn.views import reverse_gradient
from vision import PhotoDigits

FOLDER = Path(__file__).parents[2] / "experiments" / "examples"
pytestmark = pytest.mark.usefixtures("rough_fits")
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


def few_images(**_: int) -> PhotoDigits:
    """In place of those that an example takes when it is given none."""
    return PhotoDigits(num_train=128, num_test=32)


def few_sounds(**_: int) -> SyntheticVowels:
    return SyntheticVowels(num_train=64, num_test=16, num_speakers=6, num_recordings=4)


def example(name: str, **instead: object) -> ModuleType:
    """An example's module; ``STEPS=2`` stands there instead of its own, as do other names."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if "PhotoDigits" in vars(module):
        instead = {"PhotoDigits": few_images, **instead}
    assert instead.keys() <= vars(module).keys()
    vars(module).update(instead)
    return module


def narrow(name: str, **arguments: Any) -> Backbone:
    return Backbone("resnet10w4", **arguments)


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
    module = example("plain_loop", STEPS=2)
    assert len(module.main(str(tmp_path))) == 2


@pytest.mark.slow
def test_a_viewmaker_plays_inside_another_library():
    pytest.importorskip("lightly")
    module = example("viewmaker_in_lightly", STEPS=2, BATCH=16)
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
    module = example("looc_own_factors", STEPS=2, Backbone=narrow)
    assert {"loss/all", "loss/color", "loss/rotation"} <= module.main()[-1].keys()


@pytest.mark.slow
def test_sounds_are_learned_from():
    losses = example("sound", BATCH=16, Backbone=narrow, SyntheticVowels=few_sounds).main()
    assert sum(losses[-5:]) / 5 < sum(losses[:5]) / 5 - 0.5  # nats


@pytest.mark.slow
def test_training_takes_ten_lines(tmp_path):
    from PIL import Image

    module = example("trainer", STEPS=2)
    for i in range(24):
        folder = tmp_path / str(i % 2)
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (40, 48), (10 * i, 255 - 10 * i, 128)).save(folder / f"{i}.png")
    for folder in (None, str(tmp_path)):
        assert module.main(folder).evaluate().rows


@pytest.mark.slow
def test_a_network_of_timm_starts_from_a_file(tmp_path):
    timm = pytest.importorskip("timm")
    module = example("timm_encoder", STEPS=1)
    torch.save(timm.create_model(module.NAME).state_dict(), tmp_path / "weights.pth")  # with its classifier
    assert module.main(str(tmp_path / "weights.pth")).num_features == 512


@pytest.mark.slow
def test_a_pipeline_of_torchvision_is_a_view():
    assert len(example("torchvision_views", STEPS=1).main()) == 1


def test_they_run_as_scripts_from_anywhere(start, tmp_path):
    code, said = start(FOLDER / "own_view.py", folder=tmp_path).finish()
    assert code == 0 and "the vignette alone changes a pixel by 0." in said, said
