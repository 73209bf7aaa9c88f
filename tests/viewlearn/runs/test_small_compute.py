"""Encoder and optimizer for small compute in runs: budgets in TFLOP, whitening from the data, exact resumes."""

import json

import pytest
import torch
from safetensors.torch import load_file

import viewlearn

FAST = ("--encoder", "WhitenedConvNet", "--encoder.widths", "[4,6]", "--optimizer", "ConvMuon", "--views.width", "4")


def test_a_run_of_a_budget(launch, counted_steps, tmp_path):
    first, _, _ = launch("--out", str(tmp_path / "a"), "--steps", "3", *FAST)
    cost = first.load_compute()
    assert cost["steps"] == 3 and cost["tflop"] == pytest.approx(3 * cost["flops_per_step"] / 1e12)
    budget = str(3.5 * cost["flops_per_step"] / 1e12)
    second, _, results = launch("--out", str(tmp_path / "b"), "--steps", "1", "--compute", budget, *FAST)
    assert second.load_compute() == cost
    weights = load_file(first.encoder), load_file(second.encoder)  # the files differ: each says whose they are
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert results.info["tflop"] == cost["tflop"] and results.info["steps"] == 3
    assert "tflop" in list(map(json.loads, second.timings.read_text().splitlines()))[-1]


def test_whitening_is_computed_from_the_data_saved_and_loaded(launch, tmp_path):
    folder, parts, _ = launch("--out", str(tmp_path / "run"), *FAST)
    saved = load_file(folder.encoder)["filters"]
    x = parts.data.split("train").x.float() / 255
    white = torch.nn.functional.conv2d(parts.encoder.normalize(x), saved)[:, :12].transpose(0, 1).flatten(1).double()
    torch.testing.assert_close(torch.cov(white), torch.eye(12, dtype=torch.float64), rtol=0, atol=1e-3)
    assert torch.equal(viewlearn.load(folder.path).filters, saved)


def test_a_resume_is_exact(counted_steps, launch, launch_and_stop, tmp_path):
    flags = (*FAST, "--steps", "6", "--checkpoint_every", "3", "--log_every", "1")
    whole, _, _ = launch("--out", str(tmp_path / "whole"), *flags)

    launch_and_stop(5, "--out", str(tmp_path / "torn"), *flags)
    resumed, _, _ = launch("--resume", str(tmp_path / "torn"))
    assert resumed.metrics.read_bytes() == whole.metrics.read_bytes()
    assert resumed.encoder.read_bytes() == whole.encoder.read_bytes()
