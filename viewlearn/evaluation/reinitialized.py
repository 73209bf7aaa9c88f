"""An encoder at its initialization, to compare a trained one with."""

import copy
from typing import Protocol, runtime_checkable

import torch
from torch import nn


@runtime_checkable
class _Resettable(Protocol):
    """What torch's own modules with parameters are."""

    def reset_parameters(self) -> None: ...


def reinitialized(module: nn.Module, seed: int = 0) -> nn.Module:
    """Copies a module and draws every parameter afresh by its module's ``reset_parameters``, torch's initialization.

    Args:
        module: Module that is copied.
        seed: Seed of the parameters.

    Raises:
        ValueError: A module with parameters has no ``reset_parameters``, so the architecture must be built anew.
    """
    fresh = copy.deepcopy(module)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, submodule in fresh.named_modules():
            # pyrefly: ignore[unsafe-overlap]  (a module that has the method resets itself by it)
            if isinstance(submodule, _Resettable):
                submodule.reset_parameters()
            elif own := [key for key, _ in submodule.named_parameters(recurse=False)]:
                raise ValueError(
                    f"{type(submodule).__name__} {name!r} owns {', '.join(own)} but has no reset_parameters: "
                    "build the architecture anew"
                )
    return fresh
