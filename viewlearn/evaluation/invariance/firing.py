"""When a unit fires: a threshold per unit, chosen so that it fires for a given fraction of all images."""

import torch
from torch import Tensor


def top_threshold(features: Tensor, rate: float) -> Tensor:
    """Finds the threshold t_i above which unit i fires for at most a fraction ``rate`` of the images.

    t_i is the (k+1)-th largest response, with k = max(1, round(rate · num_images)). Then h > t_i holds for k images,
    or for fewer if responses are tied at t_i (for none if the unit is constant).

    Args:
        features: ``(num_images, num_units)``.
        rate: Global firing rate G, in (0, 1).

    Returns:
        ``(num_units,)`` thresholds.
    """
    num_images = len(features)
    num_firing = min(max(1, round(rate * num_images)), num_images - 1)
    return _kth_smallest(features, num_images - num_firing)


def percentile_threshold(features: Tensor, rate: float) -> Tensor:
    """Finds the threshold of the released code: the value at index ⌊num_images · (1 − rate)⌋ of the sorted responses.

    The released code counts h ≥ t as firing globally and h > t locally.
    """
    # The code works with percentages and integer division; so does this, since (1 - 0.95) isn't 0.05 in floats.
    index = int((len(features) * ((1 - rate) * 100)) // 100)
    return _kth_smallest(features, min(index, len(features) - 1) + 1)


def check_rate(rate: float) -> float:
    """Returns ``rate``, or raises ValueError if it isn't between 0 and 1."""
    if not 0 < rate < 1:
        raise ValueError(f"firing_rate is {rate}; it must lie between 0 and 1")
    return rate


def _kth_smallest(features: Tensor, k: int) -> Tensor:
    # kthvalue is several times faster along a contiguous dimension.
    return torch.kthvalue(features.t().contiguous(), k, dim=1).values
