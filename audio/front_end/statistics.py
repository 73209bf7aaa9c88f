"""Mean and standard deviation of a data set's log-mel values, measured once."""

import torch

from audio.front_end.log_mel import LogMel
from viewlearn.data import Dataset
from viewlearn.views import Identity, View
from viewlearn.views.decode import ToFloat


def measure(
    dataset: Dataset, front_end: LogMel, to_clip: View | None = None, max_samples: int = 2000
) -> tuple[float, float]:
    """Mean and standard deviation in dB over all bands and frames of evenly spaced samples of ``dataset``.

    Args:
        dataset: of stored waveforms ``(channel, time)``.
        front_end: whose dB values (before z-scoring) are measured.
        to_clip: deterministic view of the waveforms before it, such as a crop.
        max_samples: how many clips to look at; all, where there are fewer.

    Raises:
        ValueError: an empty data set, or one whose clips are all silent (a standard deviation of 0).
    """
    if len(dataset) == 0:
        raise ValueError("there are no samples to measure the mean and standard deviation of")
    count = min(max_samples, len(dataset))
    index = torch.linspace(0, len(dataset) - 1, count).round().long().tolist()
    total, squares, values = 0.0, 0.0, 0
    decode, to_clip = ToFloat(), to_clip or Identity()
    for start in range(0, count, 64):
        x = to_clip(decode(torch.stack([dataset[i][0] for i in index[start : start + 64]])))
        level = front_end.decibels(x).double()
        total, squares, values = total + level.sum(), squares + level.square().sum(), values + level.numel()
    mean = total / values
    std = (squares / values - mean.square()).clamp_min(0).sqrt()
    if std < 1e-6:
        raise ValueError(f"all log-mel values are {mean:.1f} dB: the clips are silent")
    return round(float(mean), 4), round(float(std), 4)
