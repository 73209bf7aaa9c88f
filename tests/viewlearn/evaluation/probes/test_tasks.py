"""Every task under every probe, beside a random encoder and chance."""

import json

import pytest
import torch
from torch import nn

from viewlearn.data import NoSplit
from viewlearn.evaluation import EvaluationPlan, Results, evaluate, reinitialized
from viewlearn.evaluation.probes import Extraction, Layered


def test_rows_for_every_task_and_probe(blobs, picks):
    results = evaluate(picks(), blobs(), random_encoder=reinitialized(picks()))
    assert [(row.task, row.probe) for row in results.rows] == [
        (task, probe) for task in ("sign", "noise", "half") for probe in ("linear", "knn")
    ]
    assert results.row("sign", "linear").trained.accuracy > 0.95
    assert results.row("sign", "knn").trained.accuracy > 0.9
    assert results.row("noise", "linear").trained.accuracy < 0.45
    assert results.row("noise", "linear").uniform == 0.25
    assert (results.row("half", "knn").trained.num_train, results.row("half", "knn").trained.num_test) == (100, 50)
    assert results.row("sign", "linear").trained.l2 is not None
    assert all(row.random is not None for row in results.rows)
    with pytest.raises(ValueError, match=r"no result digit/knn; there are: sign/linear, sign/knn"):
        results.row("digit", "knn")


def test_majority_is_the_training_splits_most_frequent_class(blobs, picks):
    data = blobs(tasks=("sign",))
    train, test = data.split("train").labels["sign"], data.split("test").labels["sign"]
    row = evaluate(picks(), data, EvaluationPlan(probes=("knn",))).rows[0]
    assert row.majority == pytest.approx((test == train.mode().values).float().mean().item())
    assert row.random is None


def test_results_survive_a_round_trip_and_print_aligned(blobs, picks, tmp_path):
    results = evaluate(picks(), blobs(), EvaluationPlan(("sign", "noise")), random_encoder=reinitialized(picks()))
    (tmp_path / "results.json").write_text(json.dumps(results.to_dict()))
    assert Results.load(tmp_path / "results.json") == results
    lines = str(results).splitlines()
    assert len(lines) == 6
    assert len({len(line) for line in lines}) == 1
    assert f"{100 * results.row('sign', 'knn').trained.accuracy:.1f} [" in str(results)


def test_layers_are_probed_one_by_one(blobs, picks, tmp_path):
    class Heads(picks, Layered):
        def features(self, x):
            return {"V": self(x), "Z_sign": x[:, :1], "Z_rest": x[:, 1:]}

    plan, extraction = EvaluationPlan(probes=("linear",)), Extraction(("Z_sign", "Z_rest", "Z_*", "V"))
    results = evaluate(Heads(), blobs(tasks=("sign",)), plan, extraction, random_encoder=reinitialized(Heads()))
    accuracy = {row.layer: row.trained.accuracy for row in results.rows}
    assert min(accuracy["Z_sign"], accuracy["Z_*"], accuracy["V"]) > 0.9
    assert accuracy["Z_rest"] < 0.7
    assert results.info["num_features"] == {"Z_sign": 1, "Z_rest": 5, "Z_*": 6, "V": 6}
    assert results.row("sign", "linear", "Z_rest").trained.accuracy == accuracy["Z_rest"]
    assert "Z_rest" in str(results)
    (tmp_path / "results.json").write_text(json.dumps(results.to_dict()))
    assert Results.load(tmp_path / "results.json") == results
    with pytest.raises(ValueError, match="no layer 'Z_color'"):
        evaluate(Heads(), blobs(), extraction=Extraction(("Z_color",)))


@pytest.mark.filterwarnings("ignore:no validation split")
def test_without_a_validation_split_part_of_train_takes_its_place(blobs, picks):
    class WithoutValidation(blobs):
        def split(self, name):
            if name == "validation":
                raise NoSplit("no split 'validation'")
            return super().split(name)

    data = WithoutValidation(tasks=("sign",))
    assert evaluate(picks(), data).row("sign", "linear").trained.num_train == 200


def test_an_unreadable_test_split_is_an_error_with_its_reason(blobs, picks):
    class Unreadable(blobs):
        def split(self, name):
            if name == "test":
                raise ValueError("can't read the image 'a.jpg'")
            return super().split(name)

    with pytest.raises(ValueError, match=r"can't read the image 'a\.jpg'"):
        evaluate(picks(), Unreadable())


def test_unlabeled_data_is_not_even_read(blobs, picks):
    class Unreadable(blobs):
        def split(self, name):
            raise AssertionError

    assert evaluate(picks(), Unreadable(tasks=())).rows == ()


def test_without_labels_there_is_nothing_to_evaluate(blobs, picks):
    results = evaluate(picks(), blobs(tasks=()))
    assert results.rows == ()
    assert "no labels" in str(results)


def test_unknown_names_are_errors(blobs, picks):
    with pytest.raises(ValueError, match="no task 'digit' in this data; there are: sign, noise, half"):
        evaluate(picks(), blobs(), EvaluationPlan(("digit",)))
    with pytest.raises(ValueError, match=r"probes is \['svm'\]; it must be one of 'linear', 'knn', each"):
        evaluate(picks(), blobs(), EvaluationPlan(probes=("svm",)))


def test_a_diverged_encoder_is_an_error(blobs, picks):
    encoder = picks()
    nn.init.constant_(encoder.scale.weight, torch.inf)
    with pytest.raises(ValueError, match="the encoder has diverged"):
        evaluate(encoder, blobs())
