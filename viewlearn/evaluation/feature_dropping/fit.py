"""Training of a judge: cycles of a falling learning rate, until one more isn't worth its time."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.evaluation.probes.features import DTYPES, Precision
from viewlearn.views import View

Samples = tuple[Tensor, Tensor]  # stored samples (num_samples, …), labels (num_samples,)
WARM_UP = 50  # steps


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager:
    """Lower precision where it is asked for; "no" is float32."""
    return nullcontext() if precision == "no" else torch.autocast(device.type, DTYPES[precision])


@dataclass(frozen=True)
class Judged:
    """A network with what stands before it.

    Args:
        network: encoder inputs to logits.
        clean: stored samples to encoder inputs.
        device: where both run.
        precision: see ``autocast``.
    """

    network: nn.Module
    clean: View
    device: torch.device
    precision: Precision

    def hits(self, x: Tensor, y: Tensor, size: int = 256) -> Tensor:
        """Which samples are classified correctly: (num_samples,) of bools, on the CPU."""
        self.network.eval()
        with torch.no_grad(), autocast(self.device, self.precision):
            found = [self.network(self.clean(part.to(self.device))).argmax(1).cpu() for part in x.split(size)]
        return torch.cat(found) == y


def fit_in_cycles(
    judged: Judged,
    train: Samples,
    held_out: Samples,
    *,
    optimizer: torch.optim.Optimizer,
    steps: int,
    min_gain: float,
    batch_size: int,
    shift: int,
    generator: Generator,
) -> list[float]:
    """Trains in place and leaves the best cycle's weights; see ``fit_reference`` for the arguments.

    Returns:
        the validation accuracy after each cycle, in [0, 1].
    """
    peak = optimizer.param_groups[0]["lr"]
    batches = _batches(len(train[0]), batch_size, generator)
    accuracies, best = [], {}
    for number, length in enumerate(cycles(steps)):
        for step in range(length):
            warm_up = 1.0 if number else min(1.0, (step + 1) / WARM_UP)
            optimizer.param_groups[0]["lr"] = peak * warm_up * (0.5 + 0.5 * math.cos(math.pi * step / length))
            rows = next(batches)
            _step(judged, train[0][rows], train[1][rows], optimizer, shift, generator)
        before = max(accuracies, default=-math.inf)
        accuracies.append(judged.hits(*held_out).float().mean().item())
        if accuracies[-1] > before:
            best = {name: value.clone() for name, value in judged.network.state_dict().items()}
        if accuracies[-1] - before < min_gain or 1 - accuracies[-1] < min_gain:
            break
    judged.network.load_state_dict(best)
    return accuracies


def cycles(steps: int) -> list[int]:
    """Lengths of at most four cycles, each twice the one before but for rounding, that make ``steps`` together."""
    ends = sorted({round(steps * part / 15) for part in (1, 3, 7, 15)} - {0})
    return [end - start for start, end in pairwise([0, *ends])]


def _batches(num_samples: int, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Endless rows, without a rest at an epoch's end."""
    while True:
        order = torch.randperm(num_samples, generator=generator)
        yield from order[: num_samples // batch_size * batch_size].split(batch_size)


def _step(
    judged: Judged, x: Tensor, y: Tensor, optimizer: torch.optim.Optimizer, shift: int, generator: Generator
) -> None:
    judged.network.train()
    with torch.no_grad():
        x = shifted(judged.clean(x.to(judged.device)), shift, generator)
    with autocast(judged.device, judged.precision):
        loss = F.cross_entropy(judged.network(x).float(), y.to(judged.device))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def shifted(x: Tensor, most: int, generator: Generator) -> Tensor:
    """Each of (batch, channel, height, width) moved by −most … most along either axis; edges are repeated."""
    if most == 0:
        return x
    batch, _, height, width = x.shape
    by = torch.randint(-most, most + 1, (2, batch, 1), generator=generator)
    rows = (torch.arange(height) + by[0]).clamp(0, height - 1).to(x.device)
    columns = (torch.arange(width) + by[1]).clamp(0, width - 1).to(x.device)
    samples = torch.arange(batch, device=x.device)[:, None, None]
    return x.movedim(1, -1)[samples, rows[:, :, None], columns[:, None, :]].movedim(-1, 1).contiguous()
