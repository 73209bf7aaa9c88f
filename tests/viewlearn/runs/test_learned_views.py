"""Every learned view in whole runs: one flag, an exact resume, and two processes."""

import json

import pytest
import torch
from safetensors.torch import load_file

VIEWS = {
    "LearnedFilter": ("--views.width", "4"),
    "LearnedWarp": ("--views.width", "4"),
    "Tilted": ("--views.view", "vision.SimCLRViews", "--views.budget", "0.2"),
    "Viewmaker": ("--views.budget", "auto", "--views.width", "4", "--views.num_res_blocks", "1"),
    "LearnedMask": ("--views.width", "4", "--views.diversity", "0.5"),
}
GAMES = {
    "neutral": ("--views", "LearnedMask", "--views.width", "4", "--method.game", "neutral"),
    "looc": ("--views", "Viewmaker", "--views.width", "4", "--method", "LooC", "--method.factors", "viewmaker"),
}
FEW = ("--steps", "6", "--checkpoint_every", "3", "--log_every", "1", "--encoder", "toy.Plain", "--batch_size", "32")


def flags(name: str) -> tuple[str, ...]:
    return ("--views", name, *VIEWS[name], *FEW)


@pytest.mark.parametrize("name", VIEWS)
def test_a_killed_run_goes_on_to_the_same_bytes(launch, launch_and_stop, tmp_path, name):
    whole, _, _ = launch("--out", str(tmp_path / "whole"), *flags(name))
    first, last = (load_file(whole.checkpoints / f"step_0000000{k}/state.safetensors") for k in (3, 6))
    weights = [key for key in first if key.startswith("/method/views.")]
    assert name == "Tilted" or any((first[key] != last[key]).any() for key in weights), "the views learn"

    launch_and_stop(5, "--out", str(tmp_path / "torn"), *flags(name))
    resumed, _, _ = launch("--resume", str(tmp_path / "torn"))
    assert resumed.metrics.read_bytes() == whole.metrics.read_bytes()
    assert resumed.encoder.read_bytes() == whole.encoder.read_bytes()
    ends = [load_file(run.checkpoints / "step_00000006/state.safetensors") for run in (whole, resumed)]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


@pytest.mark.parametrize("game", GAMES)
def test_other_games_are_a_flag(launch, tmp_path, game):
    queue = ("--method.queue", "64") if game == "looc" else ()
    folder, _, _ = launch("--out", str(tmp_path / "run"), *GAMES[game], *queue, *FEW)
    first, last = (load_file(folder.checkpoints / f"step_0000000{k}/state.safetensors") for k in (3, 6))
    for part in ("views.", "encoder."):
        weights = [key for key in first if key.startswith(f"/method/{part}")]
        assert any((first[key] != last[key]).any() for key in weights), part


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_two_processes_train_the_same_views(tmp_path, train, name):
    out = train(2, tmp_path / "run", *flags(name))
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 7))
    first, last = (load_file(out / f"checkpoints/step_0000000{step}/state.safetensors") for step in (3, 6))
    weights = [key for key in first if key.startswith("/method/views.")]
    assert name == "Tilted" or any((first[key] != last[key]).any() for key in weights)
