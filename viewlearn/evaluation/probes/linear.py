"""The linear probe: logistic regression on frozen features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from viewlearn.evaluation.probes.logistic import LinearClassifier, Solver, fit_logistic
from viewlearn.evaluation.probes.score import Score, labeled

L2_GRID = (1e-1, 1e-2, 1e-3, 1e-4)


def linear_probe(
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    *,
    l2: float | Sequence[float] = L2_GRID,
    validation: tuple[Tensor, Tensor] | float = 0.2,
    solver: Solver = "auto",
    device: torch.device | str | None = None,
    seed: int = 0,
) -> Score:
    """The test accuracy of logistic regression on standardized frozen features; negative labels are left out.

    Args:
        train_x, test_x: (num_samples, num_features); train_y, test_y: (num_samples,) labels.
        l2, validation, solver, device, seed: see ``fit_linear_probe``.

    Raises:
        ValueError: as ``fit_logistic`` and ``fit_linear_probe`` do; no labeled samples on either side.
    """
    classifier, chosen = fit_linear_probe(
        train_x, train_y, l2=l2, validation=validation, solver=solver, device=device, seed=seed
    )
    return score_classifier(classifier, test_x, test_y, int((train_y >= 0).sum()), l2=chosen)


def score_classifier(
    classifier: LinearClassifier, x: Tensor, y: Tensor, num_train: int, l2: float | None = None
) -> Score:
    """The score of a fitted classifier on features (num_samples, num_features); negative labels are left out."""
    x, y = labeled(x, y, "test")
    top5 = classifier.hits(x, y, top=5).float().mean().item() if len(classifier.classes) > 5 else None
    return Score.of(classifier.hits(x, y), num_train, top5=top5, l2=l2)


def fit_linear_probe(
    x: Tensor,
    y: Tensor,
    *,
    l2: float | Sequence[float] = L2_GRID,
    validation: tuple[Tensor, Tensor] | float = 0.2,
    solver: Solver = "auto",
    device: torch.device | str | None = None,
    seed: int = 0,
) -> tuple[LinearClassifier, float]:
    """Fits the probe and returns it with the regularization that was chosen.

    Of several ``l2`` the one with the best validation accuracy is taken, the strongest of those that are equal; each
    fit starts from the next stronger one's.

    Args:
        x: (num_samples, num_features) training features; y: (num_samples,) labels, negative where unlabeled.
        l2: the regularization, or several to choose from; see ``fit_logistic`` for its unit.
        validation: features and labels to choose by, which are never fitted, or the part of x, drawn from ``seed``, to
            hold out while choosing; the final fit has it back.
        solver: see ``fit_logistic``.
        device: where a large fit is computed; None for where x is. The classifier is on the CPU.

    Raises:
        ValueError: no l2 at all, a validation part outside (0, 1), no labeled samples.
    """
    x, y = labeled(x, y, "training")
    x = x if device is None else x.to(device)
    grid = sorted([l2] if isinstance(l2, float | int) else l2, reverse=True)
    if not grid:
        raise ValueError("l2 is empty; give at least one regularization")
    if len(grid) == 1:
        return _to_cpu(fit_logistic(x, y, grid[0], solver)), grid[0]
    if not isinstance(validation, tuple):
        fit, held = _hold_out(len(x), validation, seed)
        _, chosen = _choose(x[fit], y[fit], x[held], y[held], grid, solver)
        return _to_cpu(fit_logistic(x, y, chosen, solver)), chosen
    held_x, held_y = labeled(*validation, "validation")
    return _choose(x, y, held_x, held_y, grid, solver)


def _choose(x, y, held_x, held_y, grid, solver) -> tuple[LinearClassifier, float]:
    best, best_hits, chosen, fit = None, -1, None, None
    for strength in grid:
        fit = fit_logistic(x, y, strength, solver, start=fit)
        hits = int(fit.hits(held_x, held_y).sum())
        if hits > best_hits:
            best, best_hits, chosen = fit, hits, strength
    return _to_cpu(best), chosen


def _hold_out(num_samples: int, part: float, seed: int) -> tuple[Tensor, Tensor]:
    if not 0 < part < 1:
        raise ValueError(f"the validation part is {part}; it must lie in (0, 1)")
    order = torch.randperm(num_samples, generator=torch.Generator().manual_seed(seed))
    num_held = min(max(round(part * num_samples), 1), num_samples - 1)
    return order[num_held:], order[:num_held]


def _to_cpu(classifier: LinearClassifier) -> LinearClassifier:
    return LinearClassifier(*(getattr(classifier, name).cpu() for name in LinearClassifier.__dataclass_fields__))
