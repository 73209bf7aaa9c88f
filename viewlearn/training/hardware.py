"""Device and precision, as far as the hardware has them."""

import os
from datetime import timedelta
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from torch import nn

from viewlearn.distributed import TIMEOUT

Precision = Literal["auto", "fp32", "bf16"]
MemoryFormat = Literal["channels_last", "contiguous"]
IN_PARTS = ("FSDP", "DEEPSPEED", "MEGATRON_LM")  # of Accelerate's ways to launch


def native_bf16(device: torch.device) -> bool:
    """Returns whether the device multiplies bfloat16 in hardware; emulation is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
    return False


def choose_precision(precision: Precision, device: torch.device) -> Literal["no", "bf16"]:
    """Returns Accelerate's name for a precision on this device.

    There is no float16: two optimizers that step at different times would share its loss scale.

    Raises:
        ValueError: An unknown precision.
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


def require_determinism() -> None:
    """Has torch take operations that give the same bits each time, and raise RuntimeError where it has none.

    On accelerators, sums whose order is left to chance are faster. It holds for the whole process, and has to be called
    before the first product of matrices on a CUDA device.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what torch asks for, or cuBLAS may take any order
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False  # which algorithm is fastest depends on chance as well


def make_accelerator(
    device: str,
    precision: Precision,
    find_unused_parameters: bool = False,
    process_timeout: float = TIMEOUT,
    **kwargs,
) -> Accelerator:
    """Makes an Accelerator for a device and a precision.

    Args:
        device: ``auto``, ``cpu``, or a type of accelerator that this machine has, such as ``cuda``; the launcher
            chooses among several of them.
        precision: Precision, see ``choose_precision``.
        find_unused_parameters: Whether a step may leave parameters without gradients, as when one of two players moves.
        process_timeout: Seconds that processes wait for one another before they end.
        kwargs: Other arguments of ``Accelerator``.

    Raises:
        ValueError: A device that this machine doesn't have, an unknown precision, or weights in parts.
    """
    for name in IN_PARTS:
        if os.environ.get(f"ACCELERATE_USE_{name}", "false") == "true":
            raise ValueError(
                f"the launcher was told to use {name}, which cuts one network's weights into parts; here two players "
                f"move apart, each with an optimizer of its own. Launch with --multi_gpu instead: each process then "
                f"has all weights, and larger batches take --accumulate or more processes"
            )
    found = torch.accelerator.current_accelerator(check_available=True)
    accelerators = [] if found is None else [found.type]
    if device not in ("auto", "cpu", *accelerators):
        raise ValueError(f"device is {device!r}; this machine has: {', '.join(['cpu', *accelerators])} (or auto)")
    on_cpu = device == "cpu" or not accelerators
    mixed = choose_precision(precision, torch.device("cpu" if on_cpu else accelerators[0]))
    if on_cpu:
        os.environ.setdefault("ACCELERATE_USE_CPU", "true")
    ddp = DistributedDataParallelKwargs(find_unused_parameters=find_unused_parameters)
    group = InitProcessGroupKwargs(timeout=timedelta(seconds=process_timeout))
    return Accelerator(cpu=on_cpu, mixed_precision=mixed, kwargs_handlers=[ddp, group], **kwargs)
