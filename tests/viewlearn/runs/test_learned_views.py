"""Every learned view in whole runs: one flag, an exact resume, and two processes."""

import json

import pytest
import torch
from safetensors.torch import load_file

# All that can stand in one chain do, as each run takes seconds; a view's own tests are beside it.
CHAIN = """
class_path: viewlearn.Compose
init_args:
  entries:
    draws: {class_path: viewlearn.views.Tilted, init_args: {view: vision.SimCLRViews, play: network, width: 4}}
    warp: {class_path: viewlearn.LearnedWarp, init_args: {width: 4}}
    filter: {class_path: viewlearn.LearnedFilter, init_args: {width: 4}}
    mask: {class_path: viewlearn.LearnedMask, init_args: {width: 4, diversity: 0.5}}
    add: {class_path: viewlearn.Viewmaker, init_args: {width: 4, num_res_blocks: 1, budget: auto}}
"""
VIEWS = ("chain", "Tilted")
GAMES = {
    "neutral": ("--views", "LearnedMask", "--views.width", "4", "--method.game", "neutral"),
    "looc": ("--views", "Viewmaker", "--views.width", "4", "--method", "LooC", "--method.factors", "viewmaker"),
}
SIDES = ("--budget_schedule.begin", "-1", "--budget_schedule.until", "0.7")
FEW = ("--steps", "6", "--checkpoint_every", "3", "--log_every", "1", "--encoder", "toy.Plain", "--batch_size", "32")


@pytest.fixture
def flags(request, tmp_path) -> tuple[str, ...]:
    if request.param == "Tilted":
        return ("--views", "Tilted", "--views.view", "vision.SimCLRViews", "--views.budget", "0.2", *SIDES, *FEW)
    (tmp_path / "chain.yaml").write_text(CHAIN)
    return ("--views", str(tmp_path / "chain.yaml"), "--budget_schedule.begin", "0.5", *FEW)


def all_views_learn(first: dict[str, torch.Tensor], last: dict[str, torch.Tensor]) -> bool:
    """Whether each view that has weights has changed them between two states."""
    changed: dict[str, bool] = {}
    for key in first:
        if key.startswith("/method/views.entries."):
            view = key.split(".")[2]
            changed[view] = changed.get(view, False) or bool((first[key] != last[key]).any())
    return all(changed.values())


@pytest.mark.parametrize("flags", VIEWS, indirect=True)
def test_a_killed_run_goes_on_to_the_same_bytes(launch, launch_and_stop, tmp_path, flags):
    whole, _, _ = launch("--out", str(tmp_path / "whole"), *flags)
    first, last = (load_file(whole.checkpoints / f"step_0000000{k}/state.safetensors") for k in (3, 6))
    assert all_views_learn(first, last)

    launch_and_stop(5, "--out", str(tmp_path / "torn"), *flags)
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
@pytest.mark.parametrize("flags", VIEWS, indirect=True)
def test_two_processes_train_the_same_views(tmp_path, train, flags):
    out = train(2, tmp_path / "run", *flags)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 7))
    first, last = (load_file(out / f"checkpoints/step_0000000{step}/state.safetensors") for step in (3, 6))
    assert all_views_learn(first, last)
