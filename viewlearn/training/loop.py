"""The training loop."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Literal

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from viewlearn.data import Batch, Loader
from viewlearn.encoders import Encoder
from viewlearn.methods import Method
from viewlearn.runs.folder import RunFolder, append_jsonl
from viewlearn.training.players import MakeOptimizer, Schedule, Updates, make_optimizers, only, turns
from viewlearn.training.seeds import seed_for
from viewlearn.training.settings import check_settings
from viewlearn.training.state import TrainingState
from viewlearn.training.window import Window

Monitor = Callable[[Encoder], dict[str, float]]


def train(
    method: Method,
    loader: Loader,
    accelerator: Accelerator,
    folder: RunFolder,
    optimizer: MakeOptimizer,
    views_optimizer: MakeOptimizer,
    monitor: Monitor | None = None,
    *,
    steps: int = 1000,
    updates: Updates = "simultaneous",
    schedule: Schedule = Schedule(),  # noqa: B008 (frozen)
    views_schedule: Schedule = Schedule(),  # noqa: B008
    accumulate: int = 1,
    clip_norm: float | None = None,
    exclude_from_decay: bool = False,
    memory_format: Literal["channels_last", "contiguous"] = "channels_last",
    compile: bool = False,
    seed: int = 0,
    log_every: int = 20,
    monitor_every: int = 0,
    checkpoint_every: int = 200,
    keep_checkpoints: int = 2,
) -> None:
    """Trains a method to the end, from the newest checkpoint of its folder if there is one.

    Args:
        method: what to train.
        loader: the training batches; which one comes when is a function of the step, so that resuming needs no state.
        accelerator: device, precision and processes.
        folder: where metrics and checkpoints go.
        optimizer: makes the learner's optimizer (encoder and heads) from its parameters.
        views_optimizer: makes the optimizer of learned views; unused if the views have no weights.
        monitor: what to measure of the encoder on the way, such as the accuracy of nearest neighbors.
        steps: optimizer steps of the whole run.
        updates: ``simultaneous`` moves encoder and learned views from one backward pass; ``alternating`` as in
            the published Viewmaker, at nearly twice the cost.
        schedule: the learner's learning rate over the run.
        views_schedule: the learned views' learning rate over the run.
        accumulate: batches per step whose gradients are averaged; negatives come from within each batch.
        clip_norm: the largest norm of the learner's gradient; not clipped when not given.
        exclude_from_decay: no weight decay for norms and biases.
        memory_format: ``channels_last`` is faster for convolutions on most machines.
        compile: compile the encoder with torch.compile.
        seed: of data order and views.
        log_every: steps between logged lines, which average over them.
        monitor_every: steps between calls of the monitor; 0 for none.
        checkpoint_every: steps between checkpoints; 0 for one at the end only.
        keep_checkpoints: how many of the newest checkpoints stay.

    Raises:
        FloatingPointError: the loss or the weights stopped being finite; the last good checkpoint stays.
        ValueError: settings that can't be.
    """
    check_settings(
        steps=steps,
        schedule=schedule,
        views_schedule=views_schedule,
        clip_norm=clip_norm,
        accumulate=accumulate,
        log_every=log_every,
        keep_checkpoints=keep_checkpoints,
        monitor_every=monitor_every,
        checkpoint_every=checkpoint_every,
    )
    device, main = accelerator.device, accelerator.is_main_process
    torch.manual_seed(seed_for(seed, accelerator.process_index, "torch"))  # dropout and the like in users' own modules
    generator = torch.Generator(device).manual_seed(seed_for(seed, accelerator.process_index, "views"))

    layout = torch.channels_last if memory_format == "channels_last" else torch.contiguous_format
    method.train().to(device, memory_format=layout)
    optimizers = make_optimizers(method, optimizer, views_optimizer, exclude_from_decay)
    schedules = {"learner": schedule, "adversary": views_schedule}
    window = Window()
    state = TrainingState(method, optimizers, generator, window)
    start = state.restore(folder, accelerator)
    if compile:
        method.encoder.compile()
    prepared = accelerator.prepare(method)
    optimizers = {name: accelerator.prepare(each) for name, each in optimizers.items()}
    batches = _batches(loader, start * accumulate)

    bar = tqdm(range(start, steps), initial=start, total=steps, disable=not main, unit="step", dynamic_ncols=True)
    clock, clock_step = time.perf_counter(), start
    for step in bar:
        rates = {name: schedules[name].apply(each, step, steps) for name, each in optimizers.items()}
        micro = [next(batches) for _ in range(accumulate)]
        for player in turns(method, updates):
            movers = list(optimizers) if player == "both" else [player]
            with only(player, method):
                for i, batch in enumerate(micro):
                    last = i == accumulate - 1
                    with nullcontext() if last else accelerator.no_sync(prepared):
                        loss, metrics = prepared(batch, generator, player)
                        accelerator.backward(loss / accumulate)
                    if player != "adversary":
                        window.add(loss.detach(), metrics, step)
                if clip_norm is not None and "learner" in movers:
                    accelerator.clip_grad_norm_(_parameters(optimizers["learner"]), clip_norm)
                for name in movers:
                    optimizers[name].step()
            for each in optimizers.values():
                each.zero_grad()
        method.update()

        done = step + 1
        logging = done % log_every == 0 or done == steps
        saving = done == steps or (checkpoint_every > 0 and done % checkpoint_every == 0)
        if logging or saving or device.type == "cpu":
            window.check_finite(accelerator, folder.checkpoints)
        if logging:
            line = {"step": done, "epoch": done * accumulate / len(loader), **window.means(accelerator)}
            line |= {"lr" if name == "learner" else "views_lr": rate for name, rate in rates.items()}
            seconds, clock = time.perf_counter() - clock, time.perf_counter()
            speed = (done - clock_step) * accumulate * loader.batch_size * accelerator.num_processes / seconds
            clock_step = done
            bar.set_postfix_str(f"loss {line['loss']:.3f}, {speed:,.0f} samples/s")
            if main:
                append_jsonl(folder.metrics, line)
                append_jsonl(folder.timings, {"step": done, "samples_per_second": speed, **_memory(device)})
            accelerator.log(line, step=done)
        if monitor is not None and monitor_every > 0 and (done % monitor_every == 0 or done == steps):
            _run_monitor(monitor, method, accelerator, folder, done)
            clock, clock_step = time.perf_counter(), done
        if saving:
            state.save(folder, done, accelerator, keep_checkpoints)
    bar.close()
    if main:
        folder.save_encoder(method.encoder)
    accelerator.wait_for_everyone()


def _batches(loader: Loader, position: int) -> Iterator[Batch]:
    """The endless sequence of batches from number ``position`` of the run on."""
    epoch, start = divmod(position, len(loader))
    while True:
        yield from loader.epoch(epoch, start)
        epoch, start = epoch + 1, 0


def _run_monitor(monitor: Monitor, method: Method, accelerator: Accelerator, folder: RunFolder, step: int) -> None:
    if accelerator.is_main_process:
        measured = monitor(method.encoder)
        append_jsonl(folder.metrics, {"step": step, **measured})
        accelerator.log(measured, step=step)
    accelerator.wait_for_everyone()


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _memory(device: torch.device) -> dict[str, float]:
    if device.type == "cuda":
        return {"peak_memory_gib": torch.cuda.max_memory_allocated(device) / 2**30}
    return {}
