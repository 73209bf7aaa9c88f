"""Training from Python against the command line, whose loop it is, and against itself."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from toy import Plain, Toy

import viewlearn
from viewlearn.evaluation import EvaluationPlan
from viewlearn.methods import SimCLR, Supervised
from viewlearn.runs import Reading, Trainer
from viewlearn.training import Schedule, TrainingSettings, make_accelerator, warmup_cosine
from viewlearn.training.seeds import seed_for
from viewlearn.views import NoViews, Viewmaker

SETTINGS = TrainingSettings(steps=6, log_every=2)


def trainer(settings=SETTINGS, data=None, views=None, **others) -> Trainer:
    torch.manual_seed(seed_for(0, 0, "weights"))
    data = data or Toy()
    encoder = Plain()
    method = SimCLR(encoder, data.pipeline(views or data.bind(Viewmaker, width=4, num_res_blocks=1)))
    return Trainer(method, data, 16, settings=settings, accelerator=make_accelerator("cpu", "fp32"), **others)


def weights(trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.method.state_dict().items()}


def same(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_it_is_what_the_command_line_runs(launch, tmp_path):
    flags = ("--steps", "6", "--encoder", "toy.Plain", "--precision", "fp32", "--out", "told")
    launch(*flags)
    lines = trainer().fit(folder="here")
    assert (tmp_path / "told/metrics.jsonl").read_text() == (tmp_path / "here/metrics.jsonl").read_text()
    assert same(load_file("told/encoder.safetensors"), load_file("here/encoder.safetensors"))
    assert [line["step"] for line in lines] == [2, 4, 6]


def test_a_folder_changes_nothing_and_another_fit_goes_on():
    in_memory, in_folder, in_two = trainer(), trainer(), trainer()
    lines = in_memory.fit()
    assert in_folder.fit(folder="run") == lines
    assert same(weights(in_memory), weights(in_folder))
    constant = replace(SETTINGS, schedule=Schedule(final=1.0), views_schedule=Schedule(final=1.0))
    whole, in_two = trainer(constant), trainer(constant)
    assert whole.fit(steps=6) == [*in_two.fit(steps=4), *in_two.fit(steps=6)[2:]]
    assert same(weights(whole), weights(in_two))


def test_a_run_in_memory_or_in_a_folder_is_made_longer():
    lines = {}
    for name, where in (("memory", [{}, {}]), ("folder", [{"folder": "run"}, {"folder": "run", "resume": True}])):
        longer = trainer(replace(SETTINGS, log_every=1), views=NoViews())
        longer.fit(steps=2, **where[0])
        lines[name] = longer.fit(steps=5, **where[1])
    assert lines["memory"] == lines["folder"]
    restarted = [0.03 * warmup_cosine(k, 2) for k in range(2)] + [0.03 * warmup_cosine(k, 3) for k in range(3)]
    assert [line["lr"] for line in lines["memory"]] == pytest.approx(restarted)
    with pytest.raises(ValueError, match="the run has steps 5"):
        longer.fit(steps=4, folder="run", resume=True)


def test_a_run_that_was_cut_goes_on_in_its_folder():
    settings = replace(SETTINGS, checkpoint_every=3)
    whole, cut = trainer(settings), trainer(settings)
    whole.fit(folder="whole")
    log, cut.method.update = cut.method.update, lambda: steps.append(log()) or len(steps) < 5 or 1 / 0
    steps: list[None] = []
    with pytest.raises(ZeroDivisionError):
        cut.fit(folder="cut")
    again = trainer(settings)
    with pytest.raises(ValueError, match="cut exists already"):
        again.fit(folder="cut")
    lines = again.fit(folder="cut", resume=True)
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert same(weights(whole), weights(again))
    with pytest.raises(ValueError, match=r"started with other settings: seed: 0 → 1"):
        trainer(replace(settings, seed=1)).fit(folder="cut", resume=True)
    with pytest.raises(ValueError, match=r"the data have changed .*: num_train is 32, not 64"):
        trainer(settings, Toy(num_samples=32)).fit(folder="cut", resume=True)


def test_its_encoder_is_loaded_into_one():
    trained = trainer()
    trained.fit(folder="run")
    assert same(viewlearn.load("run", encoder=Plain()).state_dict(), trained.method.encoder.state_dict())
    with pytest.raises(ValueError, match=r"run was started in Python.*viewlearn.load\(path, encoder=…\)"):
        viewlearn.load("run")
    with pytest.raises(ValueError, match="don't fit"):
        viewlearn.load("run", encoder=Plain(width=4))


def test_evaluation_and_monitor_are_optional():
    plain = trainer(views=NoViews())
    plain.fit(steps=1)
    (row,) = plain.evaluate(EvaluationPlan(probes=["knn"])).rows
    assert row.task == "side" and row.trained.num_test == 64
    lines = trainer(replace(SETTINGS, monitor_every=3)).fit()
    assert [line["step"] for line in lines if "knn/side" in line] == [3, 6]
    x = Toy().split("train")
    given = viewlearn.as_data((x.x, x.labels))
    without_test = trainer(data=given, views=NoViews(), reading=Reading("workers", 0))
    without_test.fit(steps=1)
    results = without_test.evaluate(EvaluationPlan(probes=["knn"]))
    assert results.info["evaluated_on"] == "validation" and results.rows[0].trained.num_test == 6


def test_a_tensor_is_data():
    x = Toy().split("train").x
    data = viewlearn.as_data(x)
    method = SimCLR(Plain(), data.pipeline(NoViews()))
    assert len(Trainer(method, x, 16, accelerator=make_accelerator("cpu", "fp32")).fit(steps=1)) == 1


def test_what_is_refused_before_training():
    cpu = make_accelerator("cpu", "fp32")
    data = Toy()
    with pytest.raises(ValueError, match=r"views of SimCLR \(none\) don't decode samples.*stored as torch.uint8"):
        Trainer(SimCLR(Plain(), NoViews()), data, 16, accelerator=cpu)
    with pytest.raises(ValueError, match="is more than the 64 samples"):
        Trainer(SimCLR(Plain(), data.pipeline()), data, accelerator=cpu)
    unlabeled = viewlearn.as_data(data.split("train").x)
    with pytest.raises(ValueError, match="64 of 64 training samples have no label"):
        Trainer(Supervised(Plain(), unlabeled.pipeline(), tasks=data.spec.tasks), unlabeled, 16, accelerator=cpu)
    with pytest.raises(ValueError, match="give steps or compute, not both"):
        trainer().fit(steps=1, compute=1.0)
    with pytest.raises(ValueError, match="resume needs the folder"):
        trainer().fit(resume=True)
    with pytest.raises(ValueError, match="steps"):
        trainer().fit(steps=0)
