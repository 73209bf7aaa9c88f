"""A run is a folder: what is in it, and what can be made from it alone."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import viewlearn
from viewlearn.data import DataSpec
from viewlearn.runs import RunFolder, read_jsonl
from viewlearn.runs.logs import append_jsonl

SHORT = ("--steps", "3", "--log_every", "1", "--checkpoint_every", "2")


@pytest.fixture
def finished(launch) -> RunFolder:
    return launch("--out", "run", *SHORT, "--monitor_every", "2")[0]


def test_contents(whole_ends, finished):
    names = {str(path.relative_to("run")) for path in Path("run").rglob("*") if path.is_file()}
    state = {
        f"checkpoints/step_0000000{step}/{name}" for step in (2, 3) for name in ("state.safetensors", "state.json")
    }
    assert names >= {"config.yaml", "data.json", "metrics.jsonl", "timings.jsonl", "encoder.safetensors", *state}
    assert names >= {"results.json", "figures/views.png", "figures/curves.png"}
    assert not any(".tmp" in name for name in names)
    lines = list(read_jsonl(finished.metrics))
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3]
    assert [line["step"] for line in lines if "knn/side" in line] == [2, 3]
    assert {"loss", "lr", "views_lr", "epoch", "viewmaker/mean", "viewmaker/max"} <= lines[0].keys()
    results = json.loads(finished.results.read_text())
    assert results["info"]["seed"] == 0
    assert {"command", "commit", "torch", "device", "steps"} <= results["info"].keys()


def test_load_gives_the_trained_encoder(launch):
    folder, parts, _ = launch("--out", "run", *SHORT)
    encoder = viewlearn.load("run")
    assert not encoder.training
    x = torch.rand(4, 3, 16, 16)
    torch.testing.assert_close(encoder(x), parts.encoder.eval()(x))
    assert encoder(x).shape == (4, encoder.num_features)
    folder.encoder.unlink()
    with pytest.raises(ValueError, match=r"run has no encoder\.safetensors yet: let the run finish, by --resume run"):
        viewlearn.load("run")
    with pytest.raises(ValueError, match="there is no run folder nowhere"):
        viewlearn.load("nowhere")


def test_its_configuration_makes_the_same_run_again(launch, finished):
    launch("--config", "run/config.yaml", "--out", "again")
    assert Path("again/config.yaml").read_text() == Path("run/config.yaml").read_text()
    assert Path("again/metrics.jsonl").read_text() == Path("run/metrics.jsonl").read_text()
    first, second = load_file("run/encoder.safetensors"), load_file("again/encoder.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first | second)


def test_another_seed_is_another_run(launch):
    a, b = (load_file(launch("--out", f"run{seed}", *SHORT, "--seed", seed)[0].encoder) for seed in "01")
    assert not torch.equal(a["network.conv1.weight"], b["network.conv1.weight"])


def test_resuming_a_finished_run_changes_nothing(launch, finished):
    kept = {path: path.read_bytes() for path in (finished.metrics, finished.encoder, finished.config)}
    results = json.loads(finished.results.read_text())
    finished.results.unlink()
    launch("--resume", "run")
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert json.loads(finished.results.read_text())["rows"] == results["rows"]  # also the random encoder's


def test_resuming_says_which_settings_differ(launch, finished):
    with pytest.raises(ValueError, match="a resumed run keeps its configuration") as error:
        launch("--resume", "run", "--log_every", "2", "--views.budget", "0.2")
    assert "log_every: 1 → 2" in str(error.value)
    assert "views.init_args.budget: 0.05 → 0.2" in str(error.value)
    launch("--resume", "run", "--steps", "3")  # said again, unchanged: allowed


def test_runs_are_named_after_their_parts_and_never_overwritten(launch):
    folders = [launch("--steps", "1", "--views", "Identity")[0].path for _ in range(2)]
    assert folders == [Path("runs/Toy-Identity-SimCLR"), Path("runs/Toy-Identity-SimCLR-2")]
    assert launch("--steps", "1", "--views", "Identity", "--name", "mine")[0].path == Path("runs/mine")


def test_spec_survives_the_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    spec = DataSpec(
        (1, 8, 9), {"a": ("x", "y")}, mean=(0.5,), std=(0.2,), num_train=7, sample_rate=16000, num_samples=100
    )
    folder.create(spec)
    assert folder.load_spec() == spec


def test_rewinding_drops_later_and_torn_lines(tmp_path):
    folder = RunFolder(tmp_path)
    for step in (1, 2, 3):
        append_jsonl(folder.metrics, {"step": step, "loss": 1 / step}, durable=True)
    with folder.metrics.open("a") as file:
        file.write('{"step": 1, "lo')  # the machine stopped here
    assert [line["step"] for line in read_jsonl(folder.metrics)] == [1, 2, 3]
    folder.rewind(2)
    assert folder.metrics.read_text() == '{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 0.5}\n'
    assert folder.timings.read_text() == ""


def test_an_empty_folder_may_become_a_run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.create()
    assert folder.figures.is_dir()
    with pytest.raises(ValueError, match="exists already"):
        folder.create()
