"""Compute as the unit of a run: floating-point operations of a step, and the number of steps that a budget buys."""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Generator

from viewlearn.data import Batch
from viewlearn.methods import Method
from viewlearn.training.players import MakeOptimizer, Updates, freezing_others, make_optimizers, moves

GIGA, TERA = 10**9, 10**12


@dataclass(frozen=True)
class Compute:
    """Compute of a training run.

    Args:
        steps: Number of optimizer steps.
        flops_per_step: Floating-point operations of one of them, over all processes.
    """

    steps: int
    flops_per_step: int

    @property
    def tflop(self) -> float:
        """Floating-point operations of all steps, in 10¹²."""
        return self.steps * self.flops_per_step / TERA


def step_flops(
    method: Method,
    batches: Sequence[Batch],
    generator: Generator,
    accelerator: Accelerator,
    optimizer: MakeOptimizer,
    views_optimizer: MakeOptimizer,
    updates: Updates,
) -> int:
    """Counts the floating-point operations of one training step in this process.

    One step is taken on a copy of the method, with a copy of the generator, and counted by torch: every matrix product
    and convolution, forward and backward, of encoder, heads, momentum encoders, losses, learned views and optimizers. A
    multiplication and an addition are two operations; elementwise operations are not counted. The number is the same on
    every machine, in every precision and for every number of threads.

    Args:
        method: Method to train, on its device.
        batches: Batches of one step.
        generator: Random numbers of the views; its state is left as it is.
        accelerator: Device and precision.
        optimizer: Makes the learner's optimizer.
        views_optimizer: Makes the optimizer of learned views.
        updates: Whether both players move at once.
    """
    from torch.utils.flop_counter import FlopCounterMode  # here, since it loads Triton, which most runs never use

    trial = copy.deepcopy(method)
    draws = torch.Generator(generator.device)
    draws.set_state(generator.get_state())
    optimizers = make_optimizers(trial, optimizer, views_optimizer)
    counter = FlopCounterMode(display=False)
    with torch.random.fork_rng(), counter:
        for player in moves(trial, updates):
            with freezing_others(player, trial):
                for batch in batches:
                    with accelerator.autocast():
                        loss, _ = trial(batch, draws, player)
                    loss.backward()
            for name, each in optimizers.items():
                if player in ("both", name):
                    each.step()
        trial.update()
    return counter.get_total_flops()


def steps_within(tflop: float, flops: int) -> int:
    """Returns how many whole steps of ``flops`` operations (over all processes) a budget of ``tflop`` · 10¹² buys.

    Raises:
        ValueError: A budget below one step.
    """
    steps = int(tflop * TERA // flops)
    if steps < 1:
        raise ValueError(f"compute is {tflop} TFLOP; one step of this run takes {flops / TERA:.3g}, give at least that")
    return steps


def peak_flops(device: torch.device, dtype: torch.dtype, size: int = 1024, seconds: float = 0.2) -> float:
    """Measures the operations per second of square matrix products on this device with its threads, as a peak.

    Args:
        device: Device that multiplies.
        dtype: Type of the numbers.
        size: Number of rows and of columns.
        seconds: Seconds of measuring; the fastest product counts.
    """
    a = torch.ones(size, size, device=device, dtype=dtype)  # nothing drawn: a resumed run measures at another step
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        a @ a
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best
