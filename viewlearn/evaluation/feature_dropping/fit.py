"""Training of a judge: cycles of a falling learning rate, until another one isn't worth its time."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.evaluation.frozen import MixedPrecision, autocast
from viewlearn.views import View

Samples = tuple[Tensor, Tensor]
"""Stored samples ``(num_samples, …)`` and their labels ``(num_samples,)``."""

WARM_UP = 50  # steps
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trainee:
    """A network in training, with what precedes it.

    Args:
        network: Maps encoder inputs to logits.
        clean: Maps stored samples to encoder inputs.
        device: Device of both.
        mixed_precision: Precision of the network.
    """

    network: nn.Module
    clean: View
    device: torch.device
    mixed_precision: MixedPrecision

    def hits(self, x: Tensor, y: Tensor, batch_size: int = 256) -> Tensor:
        """Which samples are classified correctly: ``(num_samples,)`` booleans on the CPU."""
        self.network.eval()
        with torch.no_grad(), autocast(self.device, self.mixed_precision):
            answers = [self.network(self.clean(part.to(self.device))).argmax(1).cpu() for part in x.split(batch_size)]
        return torch.cat(answers) == y


def fit_in_cycles(
    trainee: Trainee,
    train: Samples,
    validation: Samples,
    *,
    optimizer: torch.optim.Optimizer,
    steps: int,
    min_gain: float,
    batch_size: int,
    shift: int,
    generator: Generator,
) -> list[float]:
    """Trains in place and leaves the weights of the best cycle.

    Args:
        trainee: What is trained.
        train: Samples to train on.
        validation: Samples that each cycle is measured on.
        optimizer: Optimizer of the network's parameters; its learning rate is the peak of the cycles.
        steps: Number of steps of all cycles, see ``cycles``.
        min_gain: Gain of validation accuracy below which training ends.
        batch_size: Number of samples per step.
        shift: Largest random shift of a training sample, in pixels or bins.
        generator: Source of order and shifts.

    Returns:
        The validation accuracy after each cycle, in [0, 1].
    """
    peak = optimizer.param_groups[0]["lr"]
    batches = _batches(len(train[0]), batch_size, generator)
    accuracies, best = [], {}
    for number, length in enumerate(cycles(steps)):
        for step in range(length):
            warm_up = 1.0 if number else min(1.0, (step + 1) / WARM_UP)
            optimizer.param_groups[0]["lr"] = peak * warm_up * (0.5 + 0.5 * math.cos(math.pi * step / length))
            rows = next(batches)
            _step(trainee, train[0][rows], train[1][rows], optimizer, shift, generator)
        before = max(accuracies, default=-math.inf)
        accuracies.append(trainee.hits(*validation).float().mean().item())
        log.info(
            "  after %d steps: %.1f %% of validation samples", sum(cycles(steps)[: number + 1]), 100 * accuracies[-1]
        )
        if accuracies[-1] > before:
            best = {name: value.clone() for name, value in trainee.network.state_dict().items()}
        if accuracies[-1] - before < min_gain or 1 - accuracies[-1] < min_gain:
            break
    trainee.network.load_state_dict(best)
    return accuracies


def cycles(steps: int) -> list[int]:
    """Divides ``steps`` into at most four cycles, each twice as long as the one before up to rounding."""
    ends = sorted({round(steps * part / 15) for part in (1, 3, 7, 15)} - {0})
    return [end - start for start, end in pairwise([0, *ends])]


def _batches(num_samples: int, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Endless rows of whole batches; what is left at an epoch's end is dropped."""
    while True:
        order = torch.randperm(num_samples, generator=generator)
        yield from order[: num_samples // batch_size * batch_size].split(batch_size)


def _step(
    trainee: Trainee, x: Tensor, y: Tensor, optimizer: torch.optim.Optimizer, shift: int, generator: Generator
) -> None:
    trainee.network.train()
    with torch.no_grad():
        x = shifted(trainee.clean(x.to(trainee.device)), shift, generator)
    with autocast(trainee.device, trainee.mixed_precision):
        loss = F.cross_entropy(trainee.network(x).float(), y.to(trainee.device))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def shifted(x: Tensor, largest: int, generator: Generator) -> Tensor:
    """Moves each sample of ``(batch, channel, height, width)`` by −largest … largest along either axis.

    Edges are repeated.
    """
    if largest == 0:
        return x
    batch, _, height, width = x.shape
    by = torch.randint(-largest, largest + 1, (2, batch, 1), generator=generator)
    rows = (torch.arange(height) + by[0]).clamp(0, height - 1).to(x.device)
    columns = (torch.arange(width) + by[1]).clamp(0, width - 1).to(x.device)
    samples = torch.arange(batch, device=x.device)[:, None, None]
    return x.movedim(1, -1)[samples, rows[:, :, None], columns[:, None, :]].movedim(-1, 1).contiguous()
