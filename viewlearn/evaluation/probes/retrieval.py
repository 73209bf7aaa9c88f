"""Nearest neighbors among frozen features."""

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.evaluation.probes.knn import SIMILARITIES


def nearest_neighbors(query_x: Tensor, x: Tensor, k: int, *, exclude: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Finds the k samples of x with the largest cosine similarity to each query, nearest first.

    Args:
        query_x: Features of the queries ``(num_queries, num_features)``.
        x: Features to search ``(num_samples, num_features)``.
        k: Number of neighbors.
        exclude: Position in x that can't be a query's neighbor, such as its own, ``(num_queries,)``.

    Returns:
        Positions in x ``(num_queries, k)``, and their similarities.

    Raises:
        ValueError: k lies outside 1 … the number of candidates.
    """
    num_candidates = len(x) - (exclude is not None)
    if not 1 <= k <= num_candidates:
        raise ValueError(f"k is {k}; it must be in 1 … {num_candidates}, the samples to choose from")
    x, query_x = functional.normalize(x, dim=1), functional.normalize(query_x, dim=1)
    indices, similarities = [], []
    rows = max(1, SIMILARITIES // len(x))
    for start in range(0, len(query_x), rows):
        cosine = query_x[start : start + rows] @ x.T
        if exclude is not None:
            cosine.scatter_(1, exclude[start : start + rows, None].to(cosine.device), -float("inf"))
        best = cosine.topk(k, dim=1)
        indices.append(best.indices)
        similarities.append(best.values)
    return torch.cat(indices), torch.cat(similarities)
