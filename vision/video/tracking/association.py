"""Which region of a frame continues which track."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torchvision.ops import box_iou


def associate(
    similarity: Tensor, overlap: Tensor, allowed: Tensor, weight: float, bonus: Tensor
) -> list[tuple[int, int]]:
    """Finds the pairs of track and region with the largest total score, each used once (Hungarian method) ::

        score = weight · similarity + (1 − weight) · overlap + bonus

    Args:
        similarity: ``(num_tracks, num_regions)`` in [−1, 1].
        overlap: ``(num_tracks, num_regions)`` IoU, in [0, 1].
        allowed: ``(num_tracks, num_regions)`` booleans; other pairs are never made.
        weight: Weight of the similarity, in [0, 1].
        bonus: ``(num_tracks, num_regions)``, at least 0.
    """
    if not allowed.any():
        return []
    score = weight * similarity + (1 - weight) * overlap + bonus
    # A forbidden pair costs as much as none, so that it is never preferred to an allowed pair of positive score.
    score = torch.where(allowed, score.clamp(min=1e-3), torch.zeros(()))
    rows, columns = linear_sum_assignment(score.numpy(), maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]


def gate(
    predicted: Tensor, regions: Tensor, slack: Tensor, min_iou: Tensor, max_growth: Tensor
) -> tuple[Tensor, Tensor]:
    """Measures the IoU of every track with every region, and decides which pairs geometry allows.

    A pair is allowed if its IoU reaches ``min_iou`` or its centers are at most ``slack`` pixels apart, and its areas
    differ by less than the factor ``max_growth``.

    Args:
        predicted: ``(num_tracks, 4)`` boxes that tracks are expected at.
        regions: ``(num_regions, 4)``.
        slack: ``(num_tracks,)`` pixels; 0 for tracks that were seen in the last frame.
        min_iou: ``(num_regions,)``.
        max_growth: ``(num_regions,)``.

    Returns:
        IoU and whether allowed, ``(num_tracks, num_regions)`` each.
    """
    iou = box_iou(predicted, regions)
    distance = torch.cdist(centers(predicted), centers(regions))
    ratio = areas(predicted)[:, None] / areas(regions)[None]
    similar = (ratio < max_growth) & (ratio > 1 / max_growth)
    return iou, similar & ((iou >= min_iou) | (distance <= slack[:, None]))


def centers(boxes: Tensor) -> Tensor:
    """``(num, 2)``: x and y."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def areas(boxes: Tensor) -> Tensor:
    """``(num,)`` square pixels, at least a thousandth."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1).clamp(min=1e-3)
