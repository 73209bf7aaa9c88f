"""Device and precision: ask the hardware, and refuse what it doesn't have."""

import os
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import nn

Precision = Literal["auto", "fp32", "bf16"]
MemoryFormat = Literal["channels_last", "contiguous"]


def native_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; emulation is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
    return False


def choose_precision(precision: Precision, device: torch.device) -> Literal["no", "bf16"]:
    """Accelerate's name for a precision on this device.

    There is no float16: its loss scale would be shared by two optimizers that step at different times.

    Raises:
        ValueError: an unknown precision.
    """
    if precision == "auto":
        return "bf16" if native_bf16(device) else "no"
    if precision not in ("fp32", "bf16"):
        raise ValueError(f"precision is {precision!r}; it must be 'auto', 'fp32' or 'bf16'")
    return "no" if precision == "fp32" else precision


def place(module: nn.Module, device: torch.device, memory_format: MemoryFormat) -> None:
    """Moves a module to a device, its weights in this memory layout."""
    layout = torch.channels_last if memory_format == "channels_last" else torch.contiguous_format
    module.to(device, memory_format=layout)  # pyrefly: ignore[no-matching-overload]  (torch's stubs leave it out)


def set_threads(threads: int) -> int:
    """Sets and returns the CPU threads of this process; 0 shares this machine's cores among its processes.

    Launchers set one thread per process unless told otherwise, which would leave the other cores idle.

    Raises:
        ValueError: a negative number.
    """
    if threads < 0:
        raise ValueError(f"threads is {threads}; it must be 0 (share the cores) or more")
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    torch.set_num_threads(threads or max(1, len(os.sched_getaffinity(0)) // local))
    return torch.get_num_threads()


def make_accelerator(device: str, precision: Precision, find_unused_parameters: bool = False, **kwargs) -> Accelerator:
    """Accelerate on the asked device and precision.

    Args:
        device: ``auto``, ``cpu``, or a type of accelerator that this machine has, such as ``cuda``; which one of
            several is the launcher's choice.
        precision: see ``choose_precision``.
        find_unused_parameters: for steps in which only one of two players gets gradients.

    Raises:
        ValueError: a device or a precision that this machine doesn't have.
    """
    accelerators = [torch.accelerator.current_accelerator().type] if torch.accelerator.is_available() else []
    if device not in ("auto", "cpu", *accelerators):
        raise ValueError(f"device is {device!r}; this machine has: {', '.join(['cpu', *accelerators])} (or auto)")
    on_cpu = device == "cpu" or not accelerators
    mixed = choose_precision(precision, torch.device("cpu" if on_cpu else accelerators[0]))
    if on_cpu:
        os.environ.setdefault("ACCELERATE_USE_CPU", "true")
    ddp = DistributedDataParallelKwargs(find_unused_parameters=find_unused_parameters)
    return Accelerator(cpu=on_cpu, mixed_precision=mixed, kwargs_handlers=[ddp], **kwargs)
