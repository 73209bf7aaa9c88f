"""Mean and standard deviation of a data set's log-mel values, measured once."""

import torch

from audio.front_end.log_mel import LogMel
from viewlearn.data import Dataset
from viewlearn.views import Identity, View
from viewlearn.views.decode import ToFloat


def log_mel_statistics(
    dataset: Dataset, log_mel: LogMel, to_clip: View | None = None, max_samples: int = 2000
) -> tuple[float, float]:
    """Measures mean and standard deviation in dB over all bands and frames of evenly spaced samples.

    Args:
        dataset: Stored waveforms ``(channel, time)``.
        log_mel: Spectrogram whose dB values, before z-scoring, are measured.
        to_clip: Deterministic view of the waveforms that comes before it, such as a crop.
        max_samples: Largest number of clips to look at.

    Raises:
        ValueError: An empty data set, or one whose clips are all silent (a standard deviation of 0).
    """
    if len(dataset) == 0:
        raise ValueError("no samples to measure the mean and standard deviation of log-mel values on")
    count = min(max_samples, len(dataset))
    index = torch.linspace(0, len(dataset) - 1, count).round().long().tolist()
    total = squares = torch.zeros((), dtype=torch.float64)
    values = 0
    decode, to_clip = ToFloat(), to_clip or Identity()
    for start in range(0, count, 64):
        x = to_clip(decode(torch.stack([dataset[i][0] for i in index[start : start + 64]])))
        level = log_mel.decibels(x).double()
        total, squares, values = total + level.sum(), squares + level.square().sum(), values + level.numel()
    mean = total / values
    std = (squares / values - mean.square()).clamp_min(0).sqrt()
    if std < 1e-6:
        raise ValueError(f"all log-mel values are {mean:.1f} dB: the clips are silent")
    return round(float(mean), 4), round(float(std), 4)
