"""The linear probe: logistic regression on frozen features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from viewlearn.evaluation.probes.logistic import LinearClassifier, fit_logistic
from viewlearn.evaluation.score import Score, labeled

L2_GRID = (1e-1, 1e-2, 1e-3, 1e-4)

Validation = tuple[Tensor, Tensor] | float
"""Features and labels to choose by, or the fraction of the training samples that is held out for it."""


def linear_probe(
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    *,
    l2: float | Sequence[float] = L2_GRID,
    validation: Validation = 0.2,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> Score:
    """Computes the test accuracy of logistic regression on standardized frozen features.

    Args:
        train_x: Training features ``(num_samples, num_features)``.
        train_y: Their labels ``(num_samples,)``, −1 where unlabeled.
        test_x: Test features ``(num_samples, num_features)``.
        test_y: Their labels ``(num_samples,)``, −1 where unlabeled.
        l2: Regularization, or several to choose from, see ``fit_linear_probe``.
        validation: Samples that l2 is chosen on, see ``fit_linear_probe``.
        device: Device of the fit; None for that of the features.
        seed: Seed of the samples that are held out.

    Raises:
        ValueError: There are no labeled samples on either side, or as ``fit_linear_probe`` does.
    """
    classifier, chosen = fit_linear_probe(train_x, train_y, l2=l2, validation=validation, device=device, seed=seed)
    return score_classifier(classifier, test_x, test_y, int((train_y >= 0).sum()), l2=chosen)


def score_classifier(
    classifier: LinearClassifier, x: Tensor, y: Tensor, num_train: int, l2: float | None = None
) -> Score:
    """Scores a fitted classifier.

    Args:
        classifier: Fitted classifier.
        x: Test features ``(num_samples, num_features)``.
        y: Their labels ``(num_samples,)``, −1 where unlabeled.
        num_train: Number of labeled samples that it was fitted on.
        l2: Regularization that it was fitted with.

    Raises:
        ValueError: There are no labeled samples.
    """
    x, y = labeled(x, y, "test")
    top5 = classifier.hits(x, y, top=5).float().mean().item() if len(classifier.classes) > 5 else None
    return Score.of(classifier.hits(x, y), num_train, top5=top5, l2=l2)


def fit_linear_probe(
    x: Tensor,
    y: Tensor,
    *,
    l2: float | Sequence[float] = L2_GRID,
    validation: Validation = 0.2,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> tuple[LinearClassifier, float]:
    """Fits the probe and returns it, on the CPU, with the regularization that was chosen.

    Of several ``l2``, the one with the best validation accuracy is taken, and the strongest of those that are equal;
    each fit starts from that of the next stronger one.

    Args:
        x: Training features ``(num_samples, num_features)``.
        y: Their labels ``(num_samples,)``, −1 where unlabeled.
        l2: Regularization, or several to choose from; see ``fit_logistic`` for its unit.
        validation: Features and labels to choose by, which are never fitted; or the fraction of x, drawn from
            ``seed``, that is held out for the choice and fitted in the end.
        device: Device of the fit; None for that of x.
        seed: Seed of the samples that are held out.

    Raises:
        ValueError: There is no l2, the fraction lies outside (0, 1), there are no labeled samples, or as
            ``fit_logistic`` does.
    """
    x, y = labeled(x, y, "training")
    x = x if device is None else x.to(device)
    grid = sorted([l2] if isinstance(l2, float | int) else l2, reverse=True)
    if not grid:
        raise ValueError("l2 is empty; give at least one regularization")
    if len(grid) == 1:
        return fit_logistic(x, y, grid[0]).cpu(), grid[0]
    if isinstance(validation, tuple):
        classifier, chosen = _choose(x, y, *labeled(*validation, "validation"), grid)
        return classifier.cpu(), chosen
    fitted, held_out = _hold_out(len(x), validation, seed)
    _, chosen = _choose(x[fitted], y[fitted], x[held_out], y[held_out], grid)
    return fit_logistic(x, y, chosen).cpu(), chosen


def _choose(
    x: Tensor, y: Tensor, validation_x: Tensor, validation_y: Tensor, grid: Sequence[float]
) -> tuple[LinearClassifier, float]:
    """The best of the grid's fits by its validation accuracy, and its l2; the grid goes from strong to weak."""
    best = fit = fit_logistic(x, y, grid[0])
    chosen, most_hits = grid[0], int(fit.hits(validation_x, validation_y).sum())
    for l2 in grid[1:]:
        fit = fit_logistic(x, y, l2, start=fit)
        hits = int(fit.hits(validation_x, validation_y).sum())
        if hits > most_hits:
            best, chosen, most_hits = fit, l2, hits
    return best, chosen


def _hold_out(num_samples: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Positions of the samples to fit and of those to choose by."""
    if not 0 < fraction < 1:
        raise ValueError(f"validation is {fraction}; a fraction must lie in (0, 1)")
    order = torch.randperm(num_samples, generator=torch.Generator().manual_seed(seed))
    num_held_out = min(max(round(fraction * num_samples), 1), num_samples - 1)
    return order[num_held_out:], order[:num_held_out]
