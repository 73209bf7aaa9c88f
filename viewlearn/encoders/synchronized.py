"""BatchNorm over the batches of all processes."""

import warnings

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from viewlearn import distributed

PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SynchronizedBatchNorm(_BatchNorm):
    """BatchNorm whose mean and variance are those of the processes' batches together, with an exact gradient.

    It is for CPUs, where torch's ``SyncBatchNorm`` doesn't run; sums are gathered. Every process must hold a batch of
    the same size. Weights and statistics have the names that BatchNorm gives them.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Takes inputs of any dimension, ``(batch, channel, …)``."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or distributed.world_size() == 1:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        others = [dim for dim in range(x.ndim) if dim != 1]
        shape = [-1 if dim == 1 else 1 for dim in range(x.ndim)]
        number = distributed.world_size() * x.numel() // x.shape[1]
        mean = _over_processes(x.sum(others)) / number
        centered = x - mean.view(shape)
        variance = _over_processes(centered.square().sum(others)) / number
        if self.track_running_stats:
            self._record(mean.detach(), variance.detach() * (number / (number - 1)))
        y = centered * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(input.dtype)

    def _record(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        newest = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), newest)
        self.running_var.lerp_(variance.to(self.running_var.dtype), newest)


SYNCHRONIZED = (SynchronizedBatchNorm, nn.SyncBatchNorm)


def synchronize_norms(module: nn.Module, device: torch.device) -> None:
    """Replaces the BatchNorms in a module by ones over all processes, in place: torch's own, or on a CPU ours.

    One of another class, such as timm's with an activation, stays as it is, and that is said.

    Args:
        module: Module, not itself a BatchNorm.
        device: Device that it is going to be on.
    """
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm) and type(child) in PLAIN:
                setattr(parent, name, _synchronized(child, device))
            elif isinstance(child, _BatchNorm) and not isinstance(child, SYNCHRONIZED):
                warnings.warn(
                    f"{name}, a {type(child).__name__}, still normalizes by the batch of its own process", stacklevel=2
                )


def sees_own_batch(module: nn.Module) -> bool:
    """Whether there are BatchNorms in a module that normalize by the batch of their own process."""
    return any(isinstance(m, _BatchNorm) and not isinstance(m, SYNCHRONIZED) for m in module.modules())


def _synchronized(norm: _BatchNorm, device: torch.device) -> _BatchNorm:
    """Makes a synchronized norm of a plain one, with its weights and statistics."""
    kind = SynchronizedBatchNorm if device.type == "cpu" else nn.SyncBatchNorm
    made = kind(norm.num_features, norm.eps, norm.momentum, affine=False, track_running_stats=False)
    made.affine, made.track_running_stats = norm.affine, norm.track_running_stats
    made.weight, made.bias = norm.weight, norm.bias
    for name, value in norm.named_buffers(recurse=False):
        setattr(made, name, value)
    return made.train(norm.training)


def _over_processes(sums: Tensor) -> Tensor:
    return distributed.gather(sums[None]).sum(0)
