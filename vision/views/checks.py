"""Checks of the image views' input and size, and the precision that they compute in."""

import torch
from torch import Tensor


def check_images(x: Tensor, channels: int | None = None) -> None:
    """Raises ValueError unless x is float images ``(batch, channel, height, width)``, of ``channels`` if given."""
    if x.ndim != 4 or not x.is_floating_point():
        raise ValueError(
            f"image views take float (batch, channel, height, width) in [0, 1], not {x.dtype} {tuple(x.shape)}; "
            "decode integers and add the batch dimension first"
        )
    if channels is not None and x.shape[1] != channels:
        raise ValueError(
            f"a view of colors needs {channels} channels (red, green, blue), not {x.shape[1]}: leave it out here"
        )


def check_size(size: tuple[int, int] | int | None, owner: str) -> tuple[int, int]:
    """``(height, width)`` in pixels; raises ValueError if ``size`` is missing or isn't positive."""
    if size is None:
        raise ValueError(f"{owner} needs a size: pixels, or (height, width); a run binds it from its data")
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"size of {owner} is {size}; it must be positive")
    return height, width


def full_precision(x: Tensor) -> Tensor:
    """x in float32 if it has half precision, as rounding errors in a chain of operations would add up."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
