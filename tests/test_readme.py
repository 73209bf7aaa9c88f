"""Every command of the README's shell blocks runs: as written, on small data, made short by flags that users have too.

Setting up (``pip install``, ``pytest``) is what CI does; benchmarks need peers that the tests don't install.
"""

import re
import runpy
import shlex
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

import viewlearn.train  # noqa: F401  (the script's modules)
from viewlearn.data import take
from viewlearn.plots import save_views_gallery
from viewlearn.runs.figures import NUM_SAMPLES
from viewlearn.sampling import subset
from viewlearn.views.decode import ToFloat
from vision import PhotoDigits

ROOT = Path(__file__).parents[1]
PHOTOS = "--data.num_train 64 --data.num_validation 16 --data.num_test 32 --encoder.widths [4,6]"
VOWELS = "--data.num_train 48 --data.num_test 24 --data.num_speakers 6 --data.num_recordings 4"
SMALL = "--encoder.name resnet10w4 --views.width 4"
SHORT = "--steps 2 --log_every 1 --batch_size 8 --monitor_every 0 --threads 1 --device cpu --precision fp32"
SHORT += " --report false --probes [knn]"  # pages and linear probes have tests of their own


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    parts = [part.split("#")[0].strip() for block in blocks for line in block.splitlines() for part in line.split("&&")]
    return [part for part in parts if part and not re.match(r"pip|pytest", part) and "benchmark" not in part]


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    """Accelerate's state is global; runs go where the process stands, and configurations are named from the root.

    Their pictures, and a measurement of the machine, are tested with the main job.
    """
    monkeypatch.setattr(sys.modules["viewlearn.runs.run"], "save_figures", lambda *_: [])
    monkeypatch.setattr("viewlearn.training.loop.peak_flops", lambda *_: 1.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def start(monkeypatch, command: str) -> None:
    """Runs ``… experiments/X.py flags`` in this process, as ``python`` would."""
    script, *flags = shlex.split(command.removeprefix("accelerate launch ").removeprefix("python "))
    monkeypatch.setattr(sys, "argv", [script, *flags])
    monkeypatch.syspath_prepend(str(ROOT / "experiments"))
    runpy.run_path(script, run_name="__main__")


def images(root: Path) -> None:
    for split, num in (("train", 8), ("test", 4)):
        for name in ("cat", "dog"):
            (root / split / name).mkdir(parents=True)
            for i in range(num):
                pixels = np.random.default_rng(i).integers(0, 255, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{i}.png")


def recordings(root: Path) -> None:
    root.mkdir()
    for digit in range(3):
        for speaker in ("ann", "bob"):
            for index in range(12):
                noise = np.random.default_rng(index).integers(-3000, 3000, 4000, dtype=np.int16)
                with wave.open(str(root / f"{digit}_{speaker}_{index}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(8000)
                    file.writeframes(noise.tobytes())


def shortened(command: str, tmp_path: Path) -> str:
    """The command with small data in place of DIR and few steps."""
    if "spoken_digits" in command:
        recordings(tmp_path / "dir")
    elif "DIR" in command:
        images(tmp_path / "dir")
    command = command.replace("DIR", str(tmp_path / "dir"))
    if "cifar10" in command:
        return f"{command} {SHORT} --encoder.name resnet10w4 --data.validation_fraction 0.25 --data.limit 12"
    if "ImageFolder" in command:
        return f"{command} {SHORT} --encoder.name resnet10w4"
    if "audio_quickstart" in command:
        return f"{command} {SHORT} {SMALL} {VOWELS}"
    if "spoken_digits" in command:
        return f"{command} {SHORT} {SMALL}"
    return f"{command} {SHORT} {PHOTOS}" + ("" if "queue" in command or "LooC" not in command else " --method.queue 16")


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in commands() if "train.py" in c and "NAME" not in c])
@pytest.mark.filterwarnings("ignore")  # splits of a few files warn of labels that a part of them lacks
def test_training(command, tmp_path, monkeypatch):
    start(monkeypatch, shortened(command, tmp_path))
    assert len(list(tmp_path.glob("runs/*/encoder.safetensors"))) == 1


@pytest.mark.slow
def test_resuming_and_evaluating(tmp_path, monkeypatch, capsys):
    start(monkeypatch, f"experiments/train.py --name NAME {SHORT} {PHOTOS}")
    named = [command for command in commands() if "NAME" in command]
    assert any("--resume" in command for command in named)
    assert any("evaluate.py" in command for command in named)
    for command in named:
        capsys.readouterr()
        start(monkeypatch, command)
        assert "digit" in capsys.readouterr().out


def test_there_are_commands():
    assert len(commands()) > 10
    assert all(re.search(r"experiments/(train|evaluate|theory)\.py", command) for command in commands())


def test_the_picture_is_the_upper_half_of_what_the_main_job_draws(tmp_path):
    """Titles and originals, which no training changes, are the same but for how a release of matplotlib sets text."""
    dataset = PhotoDigits(size=24).split("test")
    generator = torch.Generator().manual_seed(0)
    x = ToFloat()(take(dataset, subset(len(dataset), NUM_SAMPLES, generator)).x)
    path = save_views_gallery(tmp_path / "views.png", x, [x, x], title="Views of test samples")
    drawn, shown = (np.asarray(Image.open(each).convert("RGB")) for each in (path, ROOT / "docs/figures/views.png"))
    height, width = shown.shape[:2]
    assert width == drawn.shape[1] and height > drawn.shape[0] / 2
    first = width // 5  # of five columns, the originals
    for part in (np.s_[:60], np.s_[:, : first - 4]):
        difference = np.abs(shown[part].astype(int) - drawn[:height][part])
        assert difference.mean() < 4  # of 255; another sample's originals differ by more than 30


def test_several_gpus_are_launched_without_comment(monkeypatch, caplog):
    from accelerate.commands import launch

    command = next(
        line for line in (ROOT / "README.md").read_text().splitlines() if "accelerate launch --config" in line
    )
    tokens = shlex.split(command.strip("`. "))[2:]
    monkeypatch.chdir(ROOT)
    arguments, *_ = launch._validate_launch_command(launch.launch_command_parser().parse_args(tokens))
    assert arguments.multi_gpu and arguments.num_processes == 4 and arguments.mixed_precision == "no"
    assert not caplog.messages
