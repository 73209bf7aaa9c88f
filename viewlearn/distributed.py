"""What losses and queues need of several processes: who am I, and a gather that has a gradient."""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

if dist.is_available():  # Renamed in torch 2.14: the old names warn there, the new ones aren't in 2.11.
    _all_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
    _reduce_scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor


def world_size() -> int:
    """How many processes train together; 1 where torch.distributed isn't initialized."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The place of this process among them, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def gather(x: Tensor) -> Tensor:
    """Concatenates x over the processes, in rank order, with a gradient that is exact.

    ``(n, …) -> (world_size · n, …)``; every process must hold the same shape. With one process it returns x.

    A row of x is read by the loss of every process, so its gradient is the sum of what all of them have to say:
    the backward adds the gradients of the gathered tensor over the processes and returns this one's rows. Let each
    process return the mean loss over its own rows; then the mean over processes that DistributedDataParallel takes
    of the weights' gradients is the gradient of one process on the concatenated batch. (Gathers without a gradient,
    or with the local part of it only, give the same loss and another gradient.)
    """
    return _Gather.apply(x) if world_size() > 1 else x


def keep_local(module: nn.Module, *children: str) -> None:
    """Spares the buffers of these children DistributedDataParallel's broadcast from the first process in each step.

    For queues and banks, which every process fills with the same gathered rows and which may be larger than the model.
    """
    names = [f"{child}.{name}" for child in children for name, _ in module.get_submodule(child).named_buffers()]
    already = list(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
    module._ddp_params_and_buffers_to_ignore = already + names  # the name that DistributedDataParallel looks for


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        x = x.contiguous()
        gathered = x.new_empty(world_size() * len(x), *x.shape[1:])
        _all_gather(gathered, x)
        return gathered

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        own = gradient.new_empty(len(gradient) // world_size(), *gradient.shape[1:])
        _reduce_scatter(own, gradient)
        return own
