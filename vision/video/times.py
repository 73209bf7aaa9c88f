"""Which frames are shown at which times."""

import torch
from torch import Tensor


def frame_at(times: Tensor, seconds: float) -> int:
    """The frame whose time is closest to a time."""
    right = int(torch.searchsorted(times, seconds))
    neighbors = [index for index in (right - 1, right) if 0 <= index < len(times)]
    return min(neighbors, key=lambda index: abs(float(times[index]) - seconds))


def window_frames(times: Tensor, start: float, duration: float, num_frames: int) -> list[int]:
    """``num_frames`` frames at equal steps of time from ``start`` to ``start + duration`` seconds."""
    step = duration / (num_frames - 1) if num_frames > 1 else 0.0
    return [frame_at(times, start + step * k) for k in range(num_frames)]


def window_starts(times: Tensor, duration: float, stride: float) -> list[float]:
    """Starts, ``stride`` seconds apart, of all windows of ``duration`` seconds that lie within a clip.

    The last window may end half a frame late, so that rounding in time stamps doesn't cost one.
    """
    slack = 0.5 * float(times.diff().min()) if len(times) > 1 else 0.0
    latest = float(times[-1]) - duration + slack
    return [stride * k for k in range(int(latest // stride) + 1)] if latest >= 0 else []
