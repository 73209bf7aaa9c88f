"""From a configuration to objects."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from toy import Module, Plain, Toy

from viewlearn.evaluation import EvaluationPlan, evaluate
from viewlearn.evaluation.probes import on_validation
from viewlearn.methods import SimCLR
from viewlearn.runs import build, build_data, build_encoder, load, load_run
from viewlearn.views import Viewmaker


def test_parts_are_bound_to_the_data(parser):
    parts = build(parser, parser.parse(["--data.size", "24", "--data.num_samples", "20"]))
    assert isinstance(parts.data, Toy)
    assert isinstance(parts.views, Viewmaker)
    assert isinstance(parts.method, SimCLR)
    assert parts.views.channels == 3
    assert parts.encoder.normalize.mean.flatten().tolist() == [0.5] * 3
    assert parts.method.encoder is parts.encoder
    assert parts.method.views["viewmaker"] is parts.views
    assert parts.method.views.names == ["decode", "front_end", "viewmaker"]


def test_weights_depend_on_the_seed_alone(parser):
    def weights(*flags: str) -> dict[str, torch.Tensor]:
        torch.rand(3)  # whatever came before
        return build(parser, parser.parse(list(flags))).method.state_dict()

    first, again, other = weights(), weights(), weights("--seed", "1")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.network.conv1.weight"], other["encoder.network.conv1.weight"])


def test_what_is_said_by_hand_is_not_bound(parser):
    config = parser.parse(["--encoder.mean", "[0, 0, 0]", "--encoder.std", "[1, 1, 1]"])
    assert build(parser, config).encoder.normalize.mean.flatten().tolist() == [0.0] * 3


def test_an_encoder_without_the_data_at_hand(parser):
    config = parser.parse([])
    spec = Toy().spec
    assert build_encoder(parser, config, spec).num_features == 32
    assert build_encoder(parser, parser.parse(["--encoder", "toy.Plain"]), spec).num_features == Plain().num_features


def test_a_network_that_is_no_encoder(parser):
    flags = ["--encoder", "NetworkEncoder", "--encoder.network", "toy.Module", "--encoder.network.width", "5"]
    encoder = build_encoder(parser, parser.parse(flags), Toy().spec)
    assert encoder.num_features == 5 and isinstance(encoder.network, Module)
    with pytest.raises(ValueError, match=r"--encoder\.network"):
        build_encoder(parser, parser.parse([*flags[:3], "toy.Toy"]), Toy().spec)


def test_first_weights_are_needed_once(launch, parser, tmp_path):
    """A run is opened and its encoder loaded without the file that it started from."""
    encoder = build_encoder(parser, parser.parse([]), Toy().spec)
    save_file(encoder.state_dict(), "first.safetensors")
    first = ["--encoder.checkpoint", str(tmp_path / "first.safetensors")]
    started = build_encoder(parser, parser.parse([*first, "--encoder.stem", "small", "--seed", "1"]), Toy().spec)
    assert torch.equal(started.network.conv1.weight, encoder.network.conv1.weight)
    folder, parts, _ = launch("--out", "run", "--encoder.stem", "small", *first)
    Path("first.safetensors").unlink()
    assert torch.equal(load(folder.path).network.conv1.weight, parts.encoder.network.conv1.weight)
    load_run(parser, folder, trust=True)


def test_data_are_given_or_made(parser):
    config = parser.parse(["--data.num_samples", "10"])
    data = build_data(parser, config)
    assert len(data.split("train")) == 10
    assert build(parser, config, data).data is data


def test_a_method_that_is_only_a_base(parser):
    with pytest.raises(ValueError, match=r"--method: viewlearn\.methods\.Method is abstract"):
        build(parser, parser.parse(["--method", "Method"]))


def test_runs_that_decide_are_evaluated_on_validation(launch):
    _, parts, results = launch("--evaluate_on", "validation")
    assert results.info["evaluated_on"] == "validation"
    swapped = evaluate(parts.encoder, on_validation(parts.data), EvaluationPlan(probes=["knn"]))
    assert [row.trained.accuracy for row in results.rows] == [row.trained.accuracy for row in swapped.rows]
    assert results.rows != launch("--out", "again")[2].rows
