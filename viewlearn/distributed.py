"""Training in several processes: rank, number of processes, and a gather that has a gradient."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

if dist.is_available():  # Renamed in torch 2.14: the old names warn there, the new ones aren't in 2.11.
    _all_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
    _reduce_scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor


SILENCE = re.compile(r"time[d-]? ?out", re.IGNORECASE)  # in the words of gloo, NCCL and the store
NOT_BROADCAST = "_ddp_params_and_buffers_to_ignore"  # the attribute that DistributedDataParallel looks for


TIMEOUT = 600.0  # seconds that processes wait for one another, such as for the main one's measurements


class LostProcess(RuntimeError):
    """Another process of the run has ended or hangs, so this one can't go on."""


@contextmanager
def telling_of_lost_processes(timeout: float = TIMEOUT) -> Iterator[None]:
    """Within, what a backend says of a connection becomes one sentence.

    Args:
        timeout: Seconds that the processes wait for one another, for the sentence; the backend has its own setting.

    Raises:
        LostProcess: Another process has ended, or hasn't answered for so long.
    """
    try:
        yield
    except RuntimeError as error:
        # NCCL's errors are DistErrors; Gloo's are plain ones that name its source.
        if not isinstance(error, dist.DistError) and "gloo/" not in str(error):
            raise
        here = f"so process {rank()} ends, too"
        if SILENCE.search(str(error)):
            raise LostProcess(
                f"another process of this run hasn't answered for {timeout:g} s, {here}; end the one that hangs, and "
                f"go on by --resume, with a longer --process_timeout if it was only slow"
            ) from error
        raise LostProcess(
            f"another process of this run has ended, {here}; see what that one says, and go on by --resume"
        ) from error


def world_size() -> int:
    """Returns how many processes train together; 1 if torch.distributed isn't initialized."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Returns the number of this process, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def any_process(flags: Sequence[bool], device: torch.device) -> list[bool]:
    """Returns for each flag whether it is set in any process; all must ask, with as many flags, at the same step."""
    if world_size() == 1:
        return list(flags)
    numbers = torch.tensor(flags, dtype=torch.int32, device=device)
    dist.all_reduce(numbers, dist.ReduceOp.MAX)
    return [bool(number) for number in numbers.tolist()]


def gather(x: Tensor) -> Tensor:
    """Concatenates x over the processes, in rank order, with an exact gradient.

    ``(n, …) -> (world_size · n, …)``; every process must hold the same shape. With one process it returns x.

    The loss of every process reads each row of x, whose gradient is therefore the sum over processes: the backward
    pass adds the gradients of the gathered tensor over the processes and returns this one's rows. If each process
    returns the mean loss over its own rows, the mean of the weights' gradients that DistributedDataParallel takes is
    the gradient of one process on the concatenated batch. (Gathers without a gradient, or with only the local part of
    it, give the same loss and another gradient.) Where the network has BatchNorm, this needs statistics over all
    processes as well: ``viewlearn.encoders.SynchronizedBatchNorm``.
    """
    return _Gather.apply(x) if world_size() > 1 else x


def exchange(x: Tensor, shares: Sequence[int]) -> Tensor:
    """Sends each process its share of x's rows and returns what all have sent to this one, in rank order.

    Args:
        x: ``(n, …)`` rows, those for process 0 first.
        shares: Number of rows for each process; what process i sends to j is as much as j sends to i.
    """
    received = torch.empty_like(x, memory_format=torch.contiguous_format)
    dist.all_to_all_single(received, x.contiguous(), list(shares), list(shares))
    return received


def keep_local(module: nn.Module, *children: str) -> None:
    """Keeps DistributedDataParallel from broadcasting buffers of these children in each step.

    For queues and banks, which every process fills with the same gathered rows and which may be larger than the model.
    """
    names = [f"{child}.{name}" for child in children for name, _ in module.get_submodule(child).named_buffers()]
    setattr(module, NOT_BROADCAST, [*getattr(module, NOT_BROADCAST, ()), *names])


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        gathered = x.new_empty(world_size() * len(x), *x.shape[1:])
        _all_gather(gathered, x)
        return gathered

    @staticmethod
    @once_differentiable  # which hides the name of ctx:
    # pyrefly: ignore[bad-override]
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        gradient = gradient.contiguous()
        own = gradient.new_empty(len(gradient) // world_size(), *gradient.shape[1:])
        _reduce_scatter(own, gradient)
        return own
