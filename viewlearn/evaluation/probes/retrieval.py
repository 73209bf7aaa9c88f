"""Nearest neighbors among frozen features."""

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.evaluation.probes.knn import SIMILARITIES


def nearest_neighbors(query_x: Tensor, x: Tensor, k: int, *, exclude: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The k samples of x with the largest cosine similarity to each query, nearest first.

    Args:
        query_x: (num_queries, num_features); x: (num_samples, num_features).
        k: how many.
        exclude: (num_queries,) one sample of x for each query that can't be its neighbor, such as itself.

    Returns:
        (num_queries, k) indices into x, and their similarities.

    Raises:
        ValueError: k that isn't in 1 … the number of candidates.
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
