"""CUDA's rules of automatic casting, on a CPU: which operations round to bfloat16, and which refuse mixed types.

A CPU's own autocast casts where CUDA's would raise, so that running under it proves little.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

# From torch's table of CUDA operations (aten/src/ATen/autocast_mode.h), by the operations that they end in.
ROUNDED = {"convolution", "mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "addr"}
PRECISE = {
    *("acos", "asin", "cosh", "exp", "expm1", "log", "log10", "log2", "log1p", "pow", "reciprocal", "rsqrt", "sinh"),
    *("tan", "softplus", "_softmax", "_log_softmax", "cumprod", "cumsum", "prod", "sum", "linalg_vector_norm"),
    *("native_layer_norm", "native_group_norm", "renorm", "erfinv"),
}
WIDENED = {"addcdiv", "addcmul", "atan2", "dot", "vdot", "grid_sampler_2d", "index_put", "scatter_add"}


class _Casting(TorchDispatchMode):
    enabled = True

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if self.enabled and name in ROUNDED | PRECISE | WIDENED:
            args, kwargs = tree_map_only(Tensor, _cast(name, (args, kwargs)), (args, kwargs))
        return func(*args, **kwargs)


@contextmanager
def cuda_casting() -> Iterator[None]:
    """Within, operations on the CPU get the types that they would get on CUDA in bfloat16; autocast turns it off."""
    mode = _Casting()

    @contextmanager
    def autocast(device_type: str, dtype: torch.dtype | None = None, enabled: bool = True) -> Iterator[None]:
        before, mode.enabled = mode.enabled, enabled
        try:
            yield
        finally:
            mode.enabled = before

    with mode, mock.patch("torch.autocast", autocast):
        yield


def _cast(name: str, arguments: Any) -> Callable[[Tensor], Tensor]:
    if name in ROUNDED:
        return lambda x: x.to(torch.bfloat16) if x.dtype == torch.float32 else x
    if name in PRECISE:
        return lambda x: x.float() if x.dtype == torch.bfloat16 else x
    types = {each.dtype for each in tree_leaves(arguments) if isinstance(each, Tensor)}
    widest = torch.float32 if torch.float32 in types else torch.bfloat16
    return lambda x: x.to(widest) if x.dtype in (torch.float32, torch.bfloat16) else x
