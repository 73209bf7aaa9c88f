"""The weighted k-nearest-neighbor classifier on frozen features."""

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.evaluation.score import Score, labeled

SIMILARITIES = 2**24  # that are computed at a time; 64 MiB in float32


def knn_scores(
    train_x: Tensor, train_y: Tensor, test_x: Tensor, num_classes: int, k: int = 200, temperature: float = 0.1
) -> Tensor:
    """Computes class scores by the votes of the k nearest training samples.

    Each of the k nearest neighbors x_i of x adds exp(cos(x, x_i)/τ) to the score of its class (Wu et al.,
    "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018, section 3.4). Scores are
    relative to the vote of the nearest one.

    Args:
        train_x: Training features ``(num_train, num_features)``.
        train_y: Their labels ``(num_train,)`` in [0, num_classes).
        test_x: Test features ``(num_test, num_features)``.
        num_classes: Number of classes.
        k: Number of neighbors that vote; all of them if there are fewer.
        temperature: Temperature τ of the votes.

    Returns:
        ``(num_test, num_classes)`` scores.

    Raises:
        ValueError: k is below 1, or the temperature isn't positive.
    """
    if k < 1:
        raise ValueError(f"k is {k}; at least one neighbor must vote")
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it must be positive")
    train_x, train_y = functional.normalize(train_x, dim=1), train_y.to(train_x.device)
    scores = []
    for x in functional.normalize(test_x, dim=1).split(max(1, SIMILARITIES // len(train_x))):
        nearest = (x @ train_x.T).topk(min(k, len(train_x)), dim=1)
        # Relative to the nearest one, no temperature overflows, and the order of the scores is the same.
        votes = ((nearest.values - nearest.values[:, :1]) / temperature).exp()
        scores.append(votes.new_zeros(len(x), num_classes).scatter_add_(1, train_y[nearest.indices], votes))
    return torch.cat(scores)


def knn(
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    *,
    k: int = 200,
    temperature: float = 0.1,
    device: torch.device | str | None = None,
) -> Score:
    """Computes the test accuracy of the weighted k-nearest-neighbor classifier.

    Args:
        train_x: Training features ``(num_samples, num_features)``.
        train_y: Their labels ``(num_samples,)``, −1 where unlabeled.
        test_x: Test features ``(num_samples, num_features)``.
        test_y: Their labels ``(num_samples,)``, −1 where unlabeled.
        k: Number of neighbors that vote.
        temperature: Temperature of their votes, see ``knn_scores``.
        device: Device of the similarities; None for that of the features.

    Raises:
        ValueError: There are no labeled samples on either side, features aren't finite, or as ``knn_scores`` does.
    """
    train_x, train_y = labeled(train_x, train_y, "training")
    test_x, test_y = labeled(test_x, test_y, "test")
    if not (train_x.isfinite().all() and test_x.isfinite().all()):
        raise ValueError("the features contain NaN or infinite values")
    classes, target = train_y.unique(return_inverse=True)
    if device is not None:
        train_x, test_x = train_x.to(device), test_x.to(device)
    scores = knn_scores(train_x, target, test_x, len(classes), k, temperature).cpu()
    top = scores.topk(min(5, len(classes)), dim=1).indices
    hits = classes.cpu()[top] == test_y.cpu()[:, None]
    top5 = hits.any(dim=1).float().mean().item() if len(classes) > 5 else None
    return Score.of(hits[:, 0], len(train_x), top5=top5)
