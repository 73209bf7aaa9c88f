"""A pretended accelerator: what a step would launch there, and where the host would wait, without having one.

Tensors have shapes, types and a device, and no values (``FakeTensorMode``); torch's own rules say what may be mixed and
what autocast casts. What it can't say is how long anything takes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from viewlearn.views.learned import resize

DEVICE = torch.device("cuda")
EMPTY = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "detach", "alias", "lift_fresh"}


class PretendedGenerator(torch.Generator):
    """A generator that says it is on the accelerator."""

    device = DEVICE


class Launches(TorchDispatchMode):
    """Counts what is launched and where the host waits, by operation.

    A launch is an operation that writes memory of the accelerator; one operation may be several kernels, or share one.
    The host waits for values (``item()``, boolean masks, ``nonzero``), and for copies from or to its own memory. What
    it would read is made up: true, one, and every other place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.launches: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        on_device = any(each.device.type == DEVICE.type for each in given)
        if name == "nonzero" and on_device:
            self.waits[name] += 1
            return args[0].new_empty(max(1, args[0].numel() // 2), args[0].ndim, dtype=torch.int64)
        if name in ("_local_scalar_dense", "equal", "is_nonzero") and on_device:
            self.waits[name] += 1
            return {torch.bool: True, torch.float32: 1.0}.get(args[0].dtype, 1)
        masked = name in ("index", "index_put", "index_put_", "_index_put_impl_")
        if masked and any(each is not None and each.dtype == torch.bool for each in args[1]):
            self.waits[name] += 1
            args = (args[0], [None if each is None else _places(each) for each in args[1]], *args[2:])
        made = func(*args, **kwargs)
        devices = {each.device.type for each in tree_leaves(made) if isinstance(each, Tensor)}
        if name in ("_to_copy", "copy_") and len({each.device.type for each in given} | devices) > 1:
            self.waits[name] += 1
        elif DEVICE.type in devices and not func.is_view and name not in EMPTY:
            self.launches[name] += 1
        return made


@contextmanager
def pretended(bf16: bool = False) -> Iterator[Launches]:
    """Within, new tensors are on the pretended accelerator, under CUDA's autocast if asked; yields the counts."""
    before = torch.is_autocast_enabled(DEVICE.type), torch.get_autocast_dtype(DEVICE.type)
    counts = Launches()
    try:
        torch.set_autocast_enabled(DEVICE.type, bf16)
        torch.set_autocast_dtype(DEVICE.type, torch.bfloat16)
        # Whether cuDNN has an operation is asked of a driver, which isn't there.
        with FakeTensorMode(), torch.device(DEVICE), torch.backends.cudnn.flags(enabled=False), counts:
            _forget()
            yield counts
    finally:
        _forget()
        torch.set_autocast_enabled(DEVICE.type, before[0])
        torch.set_autocast_dtype(DEVICE.type, before[1])
        torch.clear_autocast_cache()


def pretend(module: nn.Module) -> nn.Module:
    """Moves a module's weights and buffers to the pretended accelerator, in place, within ``pretended``.

    Tensors that a module holds otherwise stay where they are, as ``to`` would leave them.
    """
    for each in module.modules():
        for name, weight in each.named_parameters(recurse=False):
            setattr(each, name, nn.Parameter(_moved(weight), requires_grad=weight.requires_grad))
        for name, value in each.named_buffers(recurse=False):
            setattr(each, name, _moved(value))
    return module


def _forget() -> None:
    """Drops constants that are kept for each device, which real and pretended ones mustn't share."""
    resize._matrix.cache_clear()


def _moved(value: Tensor) -> Tensor:
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype)


def _places(index: Tensor) -> Tensor:
    """What a boolean mask becomes, which is half of what it may choose from."""
    return index if index.dtype != torch.bool else index.new_empty(max(1, index.numel() // 2), dtype=torch.int64)
