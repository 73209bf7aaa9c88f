"""Whole training steps: what the adversary costs, and what the loop costs beside the encoder."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from accelerate import Accelerator

from benchmarks.measure import Speed, Timing, synchronize
from viewlearn.data import ArrayDataset, Batch, DeviceLoader
from viewlearn.encoders import Backbone
from viewlearn.methods import SimCLR
from viewlearn.runs import RunFolder
from viewlearn.training import TrainingSettings, train
from viewlearn.training.players import Updates
from viewlearn.views import Identity, View, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat
from vision import SimCLRViews

SIZE = (32, 32)
STEPS = 3  # that are timed in one block; the one before them warms up


def rows(quick: bool) -> Iterator[Speed]:
    """An adversarial step, simultaneous and alternating; a SimCLR step and its encoder's part of it."""
    name, batch_size, rounds = ("resnet10w16", 32, 2) if quick else ("resnet18", 256, 4)
    what = f"{name}, {SIZE[0]} px, batch {batch_size}"

    def adversarial(updates: Updates) -> Callable[[], list[float]]:
        return lambda: loop_steps(name, batch_size, Viewmaker(channels=3), updates)

    steps = {"simultaneous": adversarial("simultaneous"), "alternating": adversarial("alternating")}
    times = _in_turn(steps, rounds)
    ratio = times["alternating"].median / times["simultaneous"].median
    note = "Viewmaker of width 32; in its turn, alternating spares the weight gradients of who doesn't move"
    sides = str(times["simultaneous"]), f"alternating {times['alternating']}"
    yield Speed("training", f"adversarial step, {what}", *sides, ratio, "≥ 1.67", note)

    functions = {
        "whole": lambda: loop_steps(name, batch_size, SimCLRViews(SIZE)),
        "bare": lambda: encoder_steps(name, batch_size),
    }
    times = _in_turn(functions, rounds)
    ratio = times["bare"].median / times["whole"].median
    note = "the rest is loading, SimCLR views, head, loss, optimizer, metrics"
    sides = str(times["whole"]), f"encoder alone {times['bare']}"
    yield Speed("training", f"whole step, {what}", *sides, ratio, "≥ 0.83", note)


def _in_turn(blocks: dict[str, Callable[[], list[float]]], rounds: int) -> dict[str, Timing]:
    """Blocks of steps by turns, so that a noisy machine hits both alike."""
    seconds: dict[str, list[float]] = {name: [] for name in blocks}
    for _ in range(rounds):
        for name, block in blocks.items():
            seconds[name] += block()
    return {name: Timing(statistics.median(s), *statistics.quantiles(s, n=4)[::2]) for name, s in seconds.items()}


class _Stopwatch(DeviceLoader):
    """Looks at the clock whenever the loop asks for its next batch: one step lies between two such times."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.times: list[float] = []

    def epoch(self, epoch: int = 0, start_batch: int = 0) -> Iterator[Batch]:
        for batch in super().epoch(epoch, start_batch):
            synchronize()
            self.times.append(time.perf_counter())
            yield batch


def loop_steps(name: str, batch_size: int, views: View, updates: Updates = "simultaneous") -> list[float]:
    """Seconds of the training loop's steps, as a run takes them."""
    accelerator = Accelerator()
    loader = _Stopwatch(ArrayDataset(_images(4 * batch_size)), batch_size, device=accelerator.device)
    method = SimCLR(_encoder(name), pipeline(ToFloat(), Identity(), views))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder) / "run")
        run.create()
        # The last step, which saves a checkpoint, ends after the last look at the clock.
        settings = TrainingSettings(updates=updates, steps=STEPS + 2, log_every=2)
        train(method, loader, accelerator, run, _sgd, torch.optim.Adam, settings=settings)
    return [after - before for before, after in zip(loader.times[1:], loader.times[2:], strict=False)]


def encoder_steps(name: str, batch_size: int) -> list[float]:
    """Seconds of forward and backward of the encoder alone, on ready views: two of each sample, as SimCLR's."""
    device = Accelerator().device
    encoder = _encoder(name).to(device).to(memory_format=torch.channels_last).train()
    x = SimCLRViews(SIZE)(_images(2 * batch_size).to(device) / 255)
    seconds = []
    for _ in range(STEPS + 1):
        synchronize()
        start = time.perf_counter()
        encoder(x).square().mean().backward()
        encoder.zero_grad()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def _encoder(name: str) -> Backbone:
    return Backbone(name, channels=3, size=SIZE)


def _sgd(parameters) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.03, momentum=0.9)


def _images(number: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (number, 3, *SIZE), generator=generator, dtype=torch.uint8)
