"""Every mistake is told before training, naming the value and what is allowed, and leaves no folder behind."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy import Toy

from viewlearn.data import ArrayDataset
from viewlearn.encoders import Encoder
from viewlearn.runs import load_newest
from viewlearn.views import Identity


class WrongLabels(Toy):
    def split(self, name):
        return ArrayDataset(super().split(name).x, {"side": torch.arange(64) % 3})


class PartlyLabeled(Toy):
    def split(self, name):
        return ArrayDataset(super().split(name).x, {"side": torch.arange(64) % 3 - 1})


class Unlike(Toy):
    def split(self, name):
        return ArrayDataset(super().split(name).x[:, :1])


class Empty(Toy):
    def split(self, name):
        return ArrayDataset(super().split(name).x[:0])


class Wordless(Encoder):
    def forward(self, x):
        return x


class OneClass(Toy):
    @property
    def spec(self):
        return replace(super().spec, tasks={"side": ("light",)})

    def split(self, name):
        return ArrayDataset(super().split(name).x, {"side": torch.zeros(64, dtype=torch.int64)})


class Bright255(Identity):
    def transform(self, x, params):
        return 255 * x


class Late(Identity):
    """A view that finds fault with its arguments."""

    def __init__(self, amount: float = 1.0):
        super().__init__()
        raise ValueError(f"amount is {amount}; it must be anything else")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.setitem(sys.modules, "bad", sys.modules[__name__])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--views.budget 0", r"--views.budget is 0.0; it must lie in \(0, 1000000000\]"),
        ("--views.budget -0.1", "--views.budget is -0.1; it must lie in"),
        ("--views bad.Late --views.amount 2", "--views.amount is 2.0; it must be anything else"),
        ("--views RandomApply --views.view bad.Late", "--views.view.amount is 1.0; it must be anything else"),
        (
            '--views Compose --views.entries {"a":{"class_path":"bad.Late"}}',
            "--views.entries.a.amount is 1.0; it must be anything else",
        ),
        (
            "--data.size 4 --views Identity",
            "--encoder.stem: inputs of 4×4 are smaller than the stride of resnet10w4, 8",
        ),
        pytest.param(
            "--encoder.name timm/resnet18 --views Identity",
            "--encoder Backbone: inputs of 16×16 are smaller than the stride of timm/resnet18, 32",
            marks=pytest.mark.skipif(not importlib.util.find_spec("timm"), reason="timm isn't installed"),
        ),
        ("--encoder.name resnet19", "--encoder.name: no encoder 'resnet19'; there are resnet18, resnet34"),
        ("--encoder bad.Wordless", "--encoder Wordless must set self.num_features"),
        (
            "--data bad.WrongLabels",
            "--data WrongLabels: train split: task 'side': sample 2 has the label 2, which must be in 0 … 1",
        ),
        (
            "--data bad.PartlyLabeled --method Supervised",
            "--method.task: 22 of 64 training samples have no label of task 'side'; supervised training needs one",
        ),
        (
            "--data bad.OneClass --method Supervised",
            "no task has two classes to tell apart; the data's tasks are",
        ),
        ("--views bad.Bright255", r"view 'bright255' \(.*Bright255\) gives values in \[0, 255\]; views keep"),
        ("--data bad.Empty", "--data Empty: the train split is empty"),
        ("--data bad.Unlike", r"--data Unlike: train split: samples become \(1, 16, 16\); the spec says \(3, 16, 16\)"),
        ("--batch_size 1", "--batch_size is 1; contrastive training needs 2 or more"),
        ("--batch_size 65", "--batch_size is 65, which in 1 processes is more than the 64 samples"),
        ("--device tpu", r"--device is 'tpu'; this machine has: cpu"),
        ("--threads -1", "--threads is -1; it must lie in"),
        ("--seed -1", "--seed is -1; it must lie in"),
        ("--method viewlearn.methods.Method", "is abstract"),
        ("--method.temperature 0", "--method.temperature is 0.0; it must lie in"),
        ("--method.temperature .nan", "--method.temperature is nan; it must lie in"),
        ("--method.dim 0", "--method.dim is 0; it must lie in"),
        ("--optimizer.lr -1", "--optimizer.lr: Invalid learning rate: -1.0"),
        ("--optimizer LBFGS", "--optimizer is LBFGS, which evaluates the loss several times a step"),
        ("--views_optimizer LBFGS", "--views_optimizer is LBFGS, which evaluates the loss several times a step"),
        ("--schedule.warmup 3", r"--schedule.warmup is 3.0; it must lie in \[0, 1\]"),
        ("--views_schedule.final 2", r"--views_schedule.final is 2.0; it must lie in \[0, 1\]"),
        ("--steps 0", "--steps is 0; it must lie in"),
        ("--accumulate 0", "--accumulate is 0; it must lie in"),
        ("--log_every 0", "--log_every is 0; it must lie in"),
        ("--keep_checkpoints 0", "--keep_checkpoints is 0; it must lie in"),
        ("--checkpoint_every -1", "--checkpoint_every is -1; it must lie in"),
        ("--monitor_every -1", "--monitor_every is -1; it must lie in"),
        ("--clip_norm 0", "--clip_norm is 0.0; it must lie in"),
        ("--compute 1e-9", "--compute is 1e-09 TFLOP; one step of this run takes"),
        ("--compute .inf", r"--compute is inf; it must lie in \(0, 1000000000\], or null"),
        (
            "--views.clamp [1,2]",
            r"--views.clamp is \(1.0, 2.0\); it must have values in common with the data, \(0.0, 1.0\)",
        ),
        ("--views.num_res_blocks 100000000", r"--views.num_res_blocks is 100000000; it must lie in \[0, 1000\]"),
        ("--method.dim null", r"--method.dim: expected int in \[1, 65536\], got null"),
        ("--schedule 3", "--schedule: expected its settings, --schedule.warmup, --schedule.final, got '3'"),
        ("--out=", "--out is empty"),
        ("--resume=", "--resume is empty"),
        ("--trackers [foo]", r"--trackers is \['foo'\]; each must be one of tensorboard, wandb, trackio"),
        ("--resume nowhere", "--resume: there is no run folder nowhere"),
    ],
)
def test_is_told_before_anything_is_made(launch, flags, said):
    with pytest.raises(ValueError, match=said) as error:
        launch(*([] if "--resume" in flags else ["--out", "run"]), *flags.split())
    assert "\n" not in str(error.value)  # one line, without the frames that the command line's library puts around
    assert not Path("run").exists()
    assert not Path("runs").exists()


def test_a_folder_that_is_there_already(launch):
    Path("run").mkdir()
    Path("run/notes.txt").write_text("mine")
    # Told first of all, whatever else is wrong: reading the data may take long.
    with pytest.raises(ValueError, match="run exists already: go on with it by --resume run, or choose another --out"):
        launch("--out", "run", "--data", "bad.Empty")
    assert Path("run/notes.txt").read_text() == "mine"
    with pytest.raises(ValueError, match=r"run is no run folder: it has no config\.yaml"):
        launch("--resume", "run")


def test_a_folder_that_cannot_be_made(launch):
    Path("file").write_text("")
    with pytest.raises(ValueError, match="the run folder file/run can't be made"):
        launch("--out", "file/run")


def test_a_loss_that_explodes_stops_the_run_and_costs_nothing_saved(launch):
    flags = ("--steps", "40", "--checkpoint_every", "1", "--log_every", "1", "--schedule.warmup", "0.75")
    with pytest.raises(FloatingPointError) as error:
        launch("--out", "run", "--optimizer.lr", "1e9", *flags)
    step, state = load_newest(Path("run/checkpoints"))
    assert f"the last good checkpoint is run/checkpoints/step_{step:08d}" in str(error.value)
    assert f"step {step + 1}" in str(error.value)
    assert "A lower learning rate" in str(error.value)
    assert all(value.isfinite().all() for value in state["method"].values() if value.is_floating_point())
    steps = [json.loads(line)["step"] for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert step in steps
    assert not Path("run/encoder.safetensors").exists()


def test_a_task_of_one_class_is_left_out_and_said_before_training(launch):
    with pytest.warns(UserWarning, match="task 'side' isn't evaluated: its only class is 'light'"):
        _, _, results = launch("--out", "run", "--data", "bad.OneClass", "--monitor_every", "1", *QUIET)
    assert results.rows == ()
    assert json.loads(Path("run/results.json").read_text())["rows"] == []
    assert "knn" not in Path("run/metrics.jsonl").read_text()
    assert Path("run/encoder.safetensors").is_file()


QUIET = ("--precision", "fp32", "--log_every", "50", "--encoder", "toy.Plain")


class Impatient(Identity):
    """A user who stops the run in its third step, or at once."""

    calls = 0

    def __init__(self, after: int = 0):
        super().__init__()
        self.after = after

    def transform(self, x, params):
        Impatient.calls += 1
        if Impatient.calls > self.after:
            raise KeyboardInterrupt
        return x


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (0, "stopped before the run began; nothing is kept"),
        (3, r"stopped; go on by: .* --resume run   \(there is no checkpoint yet, so from the start\)"),
        (9, r"stopped; go on by: .* --resume run   \(the newest checkpoint is of step 4\)"),
    ],
)
def test_ctrl_c_says_how_to_go_on(launch, after, said):
    Impatient.calls = 0
    flags = ("--steps", "20", "--checkpoint_every", "2", "--views", "bad.Impatient", "--views.after", str(after))
    with pytest.raises(KeyboardInterrupt, match=said):
        launch("--out", "run", *flags, *QUIET)
    assert Path("run").exists() == (after > 0)
