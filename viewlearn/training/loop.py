"""The training loop."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from viewlearn.data import Batch, Loader
from viewlearn.distributed import any_process
from viewlearn.encoders import Encoder
from viewlearn.encoders.synchronized import synchronize_norms
from viewlearn.interruption import Interrupted
from viewlearn.methods import Method
from viewlearn.training.compute import GIGA, TERA, Compute, peak_flops, step_flops, steps_within
from viewlearn.training.hardware import place, require_determinism
from viewlearn.training.players import MakeOptimizer, freezing_others, make_optimizers, moves
from viewlearn.training.schedule import Stretch, stretch_at
from viewlearn.training.seeds import seed_for
from viewlearn.training.settings import TrainingSettings
from viewlearn.training.state import Store, TrainingState
from viewlearn.training.window import Window

Monitor = Callable[[Encoder], dict[str, float]]


def train(
    method: Method,
    loader: Loader,
    accelerator: Accelerator,
    store: Store,
    optimizer: MakeOptimizer,
    views_optimizer: MakeOptimizer,
    monitor: Monitor | None = None,
    settings: TrainingSettings = TrainingSettings(),
    before: Sequence[Stretch] = (),
    begin: Callable[[], object] | None = None,
    stop: Callable[[], str | None] = lambda: None,
) -> Compute:
    """Trains a method to the end, from the newest checkpoint of its store if there is one.

    Args:
        method: What to train.
        loader: Training batches; which one comes when is a function of the step, so that resuming needs no state.
        accelerator: Device, precision and processes.
        store: Where metrics and checkpoints go, such as a ``viewlearn.runs.RunFolder``.
        optimizer: Makes the learner's optimizer (encoder and heads) from its parameters.
        views_optimizer: Makes the optimizer of learned views; unused if the views have no weights.
        monitor: Measures the encoder on the way, such as the accuracy of nearest neighbors.
        settings: How to train.
        before: Earlier stretches of a run that was made longer, each with schedules of its own; those of the settings
            begin where the last of these ends.
        begin: Called before anything is written, when a step has been tried on a copy of the method.
        stop: Asked after each step, or where several processes log, whether to save and stop here, and why.

    Returns:
        The number of steps, and what each of them costs.

    Raises:
        ValueError: A compute budget below one step, or a warm-up that is longer than the run.
        FloatingPointError: The loss or the weights stopped being finite; the last good checkpoint stays.
        Interrupted: It was asked to stop, and has saved a checkpoint.
    """
    if settings.deterministic:
        require_determinism()
    device, main = accelerator.device, accelerator.is_main_process
    accumulate, seed = settings.accumulate, settings.seed
    torch.manual_seed(seed_for(seed, accelerator.process_index, "torch"))  # dropout and the like in users' own modules
    generator = torch.Generator(device).manual_seed(seed_for(seed, accelerator.process_index, "views"))

    if method.controller is not None:
        method.controller.settings = settings.difficulty
    synchronizes = method.synchronizes_norms if settings.sync_batch_norm is None else settings.sync_batch_norm
    if synchronizes and accelerator.num_processes > 1:
        synchronize_norms(method, device)
    method.scale_budgets(settings.budget_schedule.factor(0, 1_000_000))  # says at once where there is no such budget
    place(method.train(), device, settings.memory_format)
    optimizers = make_optimizers(method, optimizer, views_optimizer, settings.exclude_from_decay)
    window = Window()
    state = TrainingState(method, optimizers, generator, window)
    first = _batches(loader, 0)
    counted = [next(first) for _ in range(accumulate)]
    flops = accelerator.num_processes * step_flops(
        method, counted, generator, accelerator, optimizer, views_optimizer, settings.updates
    )
    if settings.compute is not None:
        settings = replace(settings, steps=steps_within(settings.compute, flops), compute=None)
    steps = settings.steps
    stretches = (*before, Stretch(steps, settings.schedule, settings.views_schedule))
    compute = Compute(steps, flops)
    if begin is not None:
        begin()
    if main:
        store.save_compute(asdict(compute) | {"tflop": compute.tflop})
    start = state.restore(store, accelerator)
    if settings.compile:
        method.encoder.compile()
    prepared = accelerator.prepare(method)
    # Their state is where restoring has put it; Accelerate would move Adam's counters to the device, and each step read
    # them from there, one after the other.
    optimizers = {
        name: accelerator.prepare_optimizer(each, device_placement=False) for name, each in optimizers.items()
    }
    batches = _batches(loader, start * accumulate)

    bar = tqdm(range(start, steps), initial=start, total=steps, disable=not main, unit="step", dynamic_ncols=True)
    peak = 0.0
    clock, clock_step = time.perf_counter(), start
    saved = time.monotonic()
    for step in bar:
        first_step, stretch = stretch_at(step, stretches)
        schedules = {"learner": stretch.schedule, "adversary": stretch.views_schedule}
        rates = {
            name: schedules[name].apply(each, step - first_step, stretch.end - first_step)
            for name, each in optimizers.items()
        }
        if settings.budget_schedule.begin != 1:
            method.scale_budgets(settings.budget_schedule.factor(step, stretches[0].end))
        micro = [next(batches) for _ in range(accumulate)]
        for player in moves(method, settings.updates):
            movers = list(optimizers) if player == "both" else [player]
            with freezing_others(player, method):
                for i, batch in enumerate(micro):
                    last = i == accumulate - 1
                    with nullcontext() if last else accelerator.no_sync(prepared):
                        loss, metrics = prepared(batch, generator, player)
                        accelerator.backward(loss / accumulate)
                    if player != "adversary":
                        window.add(loss.detach(), metrics, step)
                if settings.clip_norm is not None and "learner" in movers:
                    accelerator.clip_grad_norm_(_parameters(optimizers["learner"]), settings.clip_norm)
                for name in movers:
                    optimizers[name].step()
            for each in optimizers.values():
                each.zero_grad()
        method.update()

        done = step + 1
        logging = done % settings.log_every == 0 or done == steps
        saving = done == steps or _every(settings.checkpoint_every, done)
        stopping = False
        if logging or accelerator.num_processes == 1:
            minutes = (time.monotonic() - saved) / 60
            late = settings.checkpoint_minutes is not None and minutes >= settings.checkpoint_minutes
            stopping, late = any_process((stop() is not None, late), device)
            saving |= stopping or late
        if logging or saving or device.type == "cpu":
            window.check_finite(accelerator, store.checkpoints)
        if logging:
            line = {"step": done, "epoch": done * accumulate / len(loader), **window.means(accelerator)}
            line |= {"lr" if name == "learner" else "views_lr": rate for name, rate in rates.items()}
            seconds, clock = time.perf_counter() - clock, time.perf_counter()
            steps_per_second, clock_step = (done - clock_step) / seconds, done
            speed = steps_per_second * accumulate * loader.batch_size * accelerator.num_processes
            tflop, rate = done * flops / TERA, steps_per_second * flops / GIGA
            peak = peak or accelerator.num_processes * peak_flops(device, _dtype(accelerator)) / GIGA
            bar.set_postfix_str(
                f"loss {line['loss']:.3f}, {speed:,.0f} samples/s, {tflop:.3g} of {compute.tflop:.3g} TFLOP, "
                f"{rate:,.0f} of {peak:,.0f} GFLOP/s"
            )
            if main:
                store.log_metrics(line)
                work = {"tflop": tflop, "gflop_per_second": rate, "peak_gflop_per_second": peak}
                store.log_timings({"step": done, "samples_per_second": speed, **work, **_memory(device)})
            accelerator.log(line, step=done)
        if monitor is not None and settings.monitor_every and (_every(settings.monitor_every, done) or done == steps):
            _run_monitor(monitor, method, accelerator, store, done)
            clock, clock_step = time.perf_counter(), done
        if saving:
            state.save(store, done, accelerator, settings.keep_checkpoints)
            saved = time.monotonic()
        if stopping and done < steps:
            bar.close()
            raise Interrupted(stop() or "another process was asked to stop")
    bar.close()
    if main:
        store.save_encoder(method.encoder)
    accelerator.wait_for_everyone()
    return compute


def _batches(loader: Loader, position: int) -> Iterator[Batch]:
    """Yields batches without end, from number ``position`` of the run on."""
    epoch, start = divmod(position, len(loader))
    while True:
        yield from loader.epoch(epoch, start)
        epoch, start = epoch + 1, 0


def _every(num_steps: int, step: int) -> bool:
    """Whether something that happens every so many steps, 0 for never, happens after this one."""
    return num_steps > 0 and step % num_steps == 0


def _run_monitor(monitor: Monitor, method: Method, accelerator: Accelerator, store: Store, step: int) -> None:
    if accelerator.is_main_process:
        measured = monitor(method.encoder)
        store.log_metrics({"step": step, **measured})
        accelerator.log(measured, step=step)
    accelerator.wait_for_everyone()


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _dtype(accelerator: Accelerator) -> torch.dtype:
    return torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32


def _memory(device: torch.device) -> dict[str, float]:
    if device.type == "cuda":
        return {"peak_memory_gib": torch.cuda.max_memory_allocated(device) / 2**30}
    return {}
