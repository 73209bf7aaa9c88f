"""Running a frozen module: in evaluation mode, and in lower precision where the hardware has it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from torch import nn

MixedPrecision = Literal["no", "bf16"]
"""Accelerate's name of a precision: "no" is float32, "bf16" autocasts to bfloat16."""


def autocast(device: torch.device, mixed_precision: MixedPrecision) -> AbstractContextManager:
    """Makes the context that computes on ``device`` in this precision.

    Raises:
        ValueError: There is no such precision.
    """
    if mixed_precision not in ("no", "bf16"):
        raise ValueError(f"mixed_precision is {mixed_precision!r}; it must be 'no' or 'bf16'")
    return nullcontext() if mixed_precision == "no" else torch.autocast(device.type, torch.bfloat16)


def device_of(module: nn.Module) -> torch.device:
    """The device of a module's parameters; the CPU for a module without any."""
    parameter = next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Puts a module in evaluation mode, and each of its submodules back into its own mode afterwards."""
    training = {name: submodule.training for name, submodule in module.named_modules()}
    module.eval()
    try:
        yield
    finally:
        for name, submodule in module.named_modules():
            submodule.training = training[name]
