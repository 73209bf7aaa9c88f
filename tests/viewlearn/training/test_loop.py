"""The loop against a few lines of plain PyTorch."""

import os

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from toy import Plain, Toy

from viewlearn.data import ArrayDataset, DeviceLoader
from viewlearn.methods import SimCLR
from viewlearn.runs import RunFolder, read_jsonl
from viewlearn.training import Schedule, TrainingSettings, train, warmup_cosine
from viewlearn.training.seeds import seed_for
from viewlearn.views import Identity, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat


def parts(views=None) -> tuple[SimCLR, DeviceLoader]:
    """In float64, where ReLUs and the game between two players can't amplify rounding to anything that is seen."""
    torch.manual_seed(0)
    views = pipeline(ToFloat(), Identity(), views)
    toy = Toy().split("train")
    dataset = ArrayDataset(toy.x.double() / 255, toy.labels)
    return SimCLR(Plain(), views, dim=4).double(), DeviceLoader(dataset, 16, seed=0)


def learned() -> Viewmaker:
    torch.manual_seed(1)
    return Viewmaker(channels=3, width=4, num_res_blocks=1)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def go(folder, method, loader, **settings) -> dict[str, torch.Tensor]:
    settings = {"steps": 6, "log_every": 1, "checkpoint_every": 0, "memory_format": "contiguous", **settings}
    run = RunFolder(folder)
    run.create()
    train(method, loader, Accelerator(cpu=True), run, sgd, sgd, settings=TrainingSettings(**settings))
    return {name: value.clone() for name, value in method.state_dict().items()}


def batches(loader, num: int) -> list:
    """The first ``num`` batches of the run, epoch after epoch."""
    return [batch for epoch in range(num) for batch in loader.epoch(epoch)][:num]


def close(a: dict, b: dict) -> None:
    for name in a.keys() | b.keys():
        torch.testing.assert_close(
            a[name], b[name], rtol=1e-9, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("views", [None, learned], ids=["fixed", "learned"])
@pytest.mark.parametrize("schedule", [Schedule(final=1.0), Schedule(warmup=1 / 3)])
def test_equals_plain_sgd(tmp_path, views, schedule):
    method, loader = parts(views and views())
    trained = go(tmp_path / "run", method, loader, schedule=schedule, clip_norm=0.5, views_schedule=Schedule(final=1.0))
    method, loader = parts(views and views())
    method.train()
    generator = torch.Generator().manual_seed(seed_for(0, 0, "views"))
    adversary = list(method.views.parameters())
    own = [*method.encoder.parameters(), *method.head.parameters()]
    optimizers = [sgd(own)] + ([sgd(adversary)] if adversary else [])
    losses = []
    for step, batch in enumerate(batches(loader, 6)):
        optimizers[0].param_groups[0]["lr"] = 0.1 * warmup_cosine(step, 6, round(6 * schedule.warmup), schedule.final)
        loss, _ = method(batch, generator)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(own, 0.5)  # the learner's gradient alone
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    close(trained, method.state_dict())
    assert [line["loss"] for line in read_jsonl(tmp_path / "run/metrics.jsonl")] == pytest.approx(losses, rel=1e-5)


def test_accumulating_averages_the_gradients_of_batches(tmp_path):
    """Negatives come from within each batch: two batches of 16 aren't one of 32, but the mean of their gradients."""
    method, loader = parts(learned())
    constant = {"schedule": Schedule(final=1.0), "views_schedule": Schedule(final=1.0)}
    trained = go(tmp_path / "run", method, loader, steps=3, accumulate=2, **constant)
    method, loader = parts(learned())
    generator = torch.Generator().manual_seed(seed_for(0, 0, "views"))
    adversary = list(method.views.parameters())
    optimizers = [sgd([*method.encoder.parameters(), *method.head.parameters()]), sgd(adversary)]
    stream = batches(loader, 6)
    losses = []
    for step in range(3):
        both = [method(batch, generator)[0] for batch in stream[2 * step : 2 * step + 2]]
        (sum(both) / 2).backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(sum(both).item() / 2)
    close(trained, method.state_dict())
    for name, before in parts(learned())[0].state_dict().items():  # both players moved, by far more than the tolerance
        assert (trained[name] - before).abs().max() > 1e-6, name
    lines = list(read_jsonl(tmp_path / "run/metrics.jsonl"))
    assert [line["loss"] for line in lines] == pytest.approx(losses, rel=1e-5)
    assert [line["epoch"] for line in lines] == [0.5, 1.0, 1.5]  # 4 batches an epoch


def test_alternating_moves_the_views_against_the_moved_learner(tmp_path):
    method, loader = parts(learned())
    constant = {"schedule": Schedule(final=1.0), "views_schedule": Schedule(final=1.0)}
    trained = go(tmp_path / "run", method, loader, updates="alternating", **constant)
    method, loader = parts(learned())
    generator = torch.Generator().manual_seed(seed_for(0, 0, "views"))
    own, adversary = [*method.encoder.parameters(), *method.head.parameters()], list(method.views.parameters())
    learner, views = sgd(own), sgd(adversary)
    for batch in batches(loader, 6):
        for player, optimizer, parameters in (("learner", learner, own), ("adversary", views, adversary)):
            loss, _ = method(batch, generator, player)
            for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                p.grad = gradient
            optimizer.step()
    close(trained, method.state_dict())
    for name, before in parts(learned())[0].state_dict().items():  # both players moved, by far more than the tolerance
        assert (trained[name] - before).abs().max() > 1e-6, name


def test_log_every_averages_what_lies_between(tmp_path):
    go(tmp_path / "one", *parts(learned()), log_every=1, steps=5)
    go(tmp_path / "two", *parts(learned()), log_every=2, steps=5)
    one, two = (list(read_jsonl(tmp_path / name / "metrics.jsonl")) for name in ("one", "two"))
    assert [line["step"] for line in two] == [2, 4, 5]
    for line, members in zip(two, ([0, 1], [2, 3], [4]), strict=True):
        for key in ("loss", "alignment", "viewmaker/mean"):
            assert line[key] == pytest.approx(sum(one[i][key] for i in members) / len(members), rel=1e-5)


def test_checkpoints_when_asked_and_at_the_end(tmp_path):
    for every, kept in ((0, [5]), (2, [2, 4, 5]), (5, [5])):
        folder = tmp_path / str(every)
        go(folder, *parts(), steps=5, checkpoint_every=every, keep_checkpoints=9)
        assert sorted(int(path.name[-8:]) for path in (folder / "checkpoints").iterdir()) == kept


def test_goes_on_in_the_middle_of_an_epoch_and_of_a_logged_window(tmp_path):
    settings = {"steps": 7, "log_every": 4, "schedule": Schedule(final=1.0), "accumulate": 2}
    whole = go(tmp_path / "whole", *parts(learned()), **settings)
    run = RunFolder(tmp_path / "cut")
    run.create()
    common = {"checkpoint_every": 3, "memory_format": "contiguous", "keep_checkpoints": 9}
    # As if killed before its second checkpoint: resumed after step 3, what came later is done and logged once more.
    train(*parts(learned()), Accelerator(cpu=True), run, sgd, sgd, settings=TrainingSettings(**settings, **common))
    for step in (6, 7):
        for path in (run.checkpoints / f"step_{step:08d}").iterdir():
            path.unlink()
        (run.checkpoints / f"step_{step:08d}").rmdir()
    method, loader = parts(learned())
    train(method, loader, Accelerator(cpu=True), run, sgd, sgd, settings=TrainingSettings(**settings, **common))
    resumed = method.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert (tmp_path / "whole/metrics.jsonl").read_text() == run.metrics.read_text()
    exported = load_file(run.encoder)
    assert all(torch.equal(exported[name], resumed[f"encoder.{name}"]) for name in exported)


def test_weight_decay_spares_vectors_if_asked(tmp_path):
    def decayed(parameters):
        return torch.optim.SGD(parameters, lr=0.1, weight_decay=0.5)

    folder = RunFolder(tmp_path / "run")
    folder.create()
    method, loader = parts()
    method.head[0].bias.data.fill_(1.0)
    settings = TrainingSettings(
        steps=1, schedule=Schedule(final=1.0), memory_format="contiguous", exclude_from_decay=True
    )
    before = {name: value.clone() for name, value in method.state_dict().items()}
    gradient = {}
    for name, p in method.named_parameters():
        p.register_hook(lambda g, name=name: gradient.__setitem__(name, g.clone()))
    train(method, loader, Accelerator(cpu=True), folder, decayed, sgd, settings=settings)
    after = method.state_dict()
    for name, g in gradient.items():
        decay = 0.5 if before[name].ndim > 1 else 0.0
        torch.testing.assert_close(after[name], before[name] - 0.1 * (g + decay * before[name]))


@pytest.mark.slow
def test_a_compiled_encoder_trains_alike(tmp_path):
    plain = go(tmp_path / "plain", *parts(), steps=2)
    compiled = go(tmp_path / "compiled", *parts(), steps=2, compile=True)
    close(compiled, plain)


def test_a_resumed_optimizer_has_its_state_from_the_checkpoint_alone(tmp_path):
    """Accelerate moves what an optimizer holds to the device when it wraps it, counters of steps as well."""
    loaded = []

    class Watched(torch.optim.Adam):
        def load_state_dict(self, state_dict):
            loaded.append(len(state_dict["state"]))
            super().load_state_dict(state_dict)

    run = RunFolder(tmp_path / "run")
    run.create()
    for steps in (2, 3):
        loaded.clear()
        method, loader = parts()
        settings = TrainingSettings(steps=steps)
        train(method, loader, Accelerator(cpu=True), run, Watched, sgd, settings=settings)
    assert loaded == [len(list(method.encoder.parameters())) + len(list(method.head.parameters()))]


def test_determinism_is_asked_of_torch(tmp_path, monkeypatch):
    """On this CPU it changes nothing that is computed."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    free = go(tmp_path / "free", *parts())
    assert not torch.are_deterministic_algorithms_enabled()
    try:
        held = go(tmp_path / "held", *parts(), deterministic=True)
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] in (":4096:8", ":16:8")
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(free[name], held[name]) for name in free)
