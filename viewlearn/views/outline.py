"""Tensors that have a shape, a type and a device, and no values: what a view may know of its input when it draws."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

# What fills new memory with values of its own needs none of its model's.
FILLED = {"new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like"}


class Outline(Tensor):
    """Shape, dtype and device of a tensor, in no memory.

    ``View.sample`` gets one in a chain, where the inputs of later entries don't exist yet. What an operation would make
    of it is an outline again, so that ``View.like`` may be written with any operation whose output's shape depends on
    shapes alone. Whoever asks for values is told that there are none.

    Args:
        meta: Tensor of this shape and dtype without memory, on torch's device ``meta``.
        device: Device that it pretends to be on.

    Raises:
        ValueError: (when it is used) Values are read, as by ``item()`` or by boolean masks.
    """

    # Without it, torch would look for overrides in Python at each access of shape and dtype.
    # pyrefly: ignore[bad-override]: torch's own way to say so
    __torch_function__ = torch._C._disabled_torch_function_impl

    meta: Tensor

    @staticmethod
    def __new__(cls, meta: Tensor, device: torch.device) -> "Outline":
        return Tensor._make_wrapper_subclass(cls, meta.shape, strides=meta.stride(), dtype=meta.dtype, device=device)

    def __init__(self, meta: Tensor, device: torch.device):
        self.meta = meta

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"Outline(shape={tuple(self.shape)}, dtype={self.dtype}, device={self.device})"

    @classmethod
    def __torch_dispatch__(  # pyrefly: ignore[bad-override]: torch calls it with the operation first
        cls,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in FILLED:
            return func(*tree_map_only(Outline, _unfilled, args), **kwargs)
        device = next(each.device for each in tree_leaves((args, kwargs)) if isinstance(each, Outline))
        if kwargs.get("device") is not None:
            device, kwargs = torch.device(kwargs["device"]), {**kwargs, "device": torch.device("meta")}
        try:
            made = func(*tree_map_only(Tensor, _on_meta, args), **tree_map_only(Tensor, _on_meta, kwargs))
        except (NotImplementedError, RuntimeError) as error:  # what torch raises where a shape depends on values
            raise ValueError(_says_that_nothing_is_there(name)) from error
        if not all(isinstance(each, Tensor) for each in tree_leaves(made)):
            raise ValueError(_says_that_nothing_is_there(name))
        return tree_map_only(Tensor, lambda each: Outline(each, device), made)


def outline(x: Tensor) -> Tensor:
    """Returns the outline of x, in its memory layout."""
    if isinstance(x, Outline):
        return x
    return Outline(torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta"), x.device)


def is_outline(x: Tensor) -> bool:
    """Whether x has no values."""
    return isinstance(x, Outline)


def _on_meta(x: Tensor) -> Tensor:
    return x.meta if isinstance(x, Outline) else x.to("meta")


def _unfilled(x: Outline) -> Tensor:
    return torch.empty(1, dtype=x.dtype, device=x.device).expand(x.shape)


def _says_that_nothing_is_there(operation: str) -> str:
    return f"{operation} reads values of a view's input; `sample` knows shape, dtype and device: decide in `transform`"
