"""Multinomial logistic regression on standardized features: scikit-learn's on small sets, L-BFGS in torch on large."""

import warnings
from dataclasses import dataclass
from typing import Literal

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

Solver = Literal["auto", "sklearn", "torch"]
SMALL = 300_000  # numbers in the feature matrix, up to which scikit-learn in float64 is quick
ROWS = 65_536  # whose logits are held at a time


@dataclass(frozen=True)
class LinearClassifier:
    """scores(x) = ((x − mean) / std) · weightᵀ + bias, one score per class.

    Args:
        weight: (num_classes, num_features), for standardized features.
        bias: (num_classes,).
        mean, std: (num_features,) of the features it was fitted on.
        classes: (num_classes,) labels that the rows of ``weight`` stand for.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    std: Tensor
    classes: Tensor

    def scores(self, x: Tensor) -> Tensor:
        """(batch, num_classes) scores of features (batch, num_features), in the order of ``classes``."""
        x = x.to(self.weight)
        return torch.cat([((part - self.mean) / self.std) @ self.weight.T for part in x.split(ROWS)]) + self.bias

    def predict(self, x: Tensor) -> Tensor:
        """(batch,) the labels of the highest scores."""
        return self.classes[self.scores(x).argmax(dim=1)]

    def hits(self, x: Tensor, y: Tensor, top: int = 1) -> Tensor:
        """(batch,) booleans: y is among the ``top`` highest scores. A class that wasn't fitted is never hit."""
        best = self.scores(x).topk(min(top, len(self.classes)), dim=1).indices
        return (self.classes[best] == y.to(best.device)[:, None]).any(dim=1)


def fit_logistic(
    x: Tensor,
    y: Tensor,
    l2: float,
    solver: Solver = "auto",
    start: LinearClassifier | None = None,
    max_iterations: int = 1_000,
    tolerance: float = 1e-4,
    standardize: bool = True,
) -> LinearClassifier:
    """Minimizes mean cross-entropy + l2/2 · ‖weight‖² over features standardized by their own mean and std.

    Features that are constant keep their scale. Both solvers have this minimum: scikit-learn's C is 1/(l2 · n), and
    for two classes, where it fits one weight vector w for the difference of scores (±w/2 for the two classes),
    2/(l2 · n).

    Args:
        x: (num_samples, num_features), y: (num_samples,) labels; unlabeled samples must have been left out.
        l2: weight decay per sample; the bias isn't decayed.
        solver: "sklearn" (float64, on the CPU), "torch" (float32, on x's device), or by the size of x.
        start: another fit of the same x and y to start from.
        max_iterations: of L-BFGS; running out of them is a warning.
        tolerance: of the gradient's largest entry, at which the fit ends.
        standardize: False takes the features as they are, for samples that are too few to tell their spread.

    Raises:
        ValueError: l2 not positive, an unknown solver, features that aren't finite, or fewer than two classes.
    """
    if not l2 > 0:
        raise ValueError(f"l2 is {l2}; it must be positive")
    if solver not in ("auto", "sklearn", "torch"):
        raise ValueError(f"solver is {solver!r}; it must be one of: auto, sklearn, torch")
    if not x.isfinite().all():
        raise ValueError("the features hold NaN or infinite values")
    classes, target = y.to(x.device).unique(return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"a classifier takes at least two classes; the training labels are all {classes.tolist()}")
    if solver == "auto":
        solver = "sklearn" if x.numel() <= SMALL and x.device.type == "cpu" else "torch"
    mean, std = spread(x) if standardize else (x.new_zeros(x.shape[1]), x.new_ones(x.shape[1]))
    fit = _fit_sklearn if solver == "sklearn" else _fit_torch
    initial = None if start is None else (start.weight, start.bias)
    weight, bias = fit((x - mean) / std, target, l2, initial, max_iterations, tolerance)
    return LinearClassifier(weight, bias, mean, std, classes)


def spread(x: Tensor) -> tuple[Tensor, Tensor]:
    """(num_features,) mean and standard deviation over samples; 1 for the deviation of constant features."""
    mean, std = x.mean(dim=0), x.std(dim=0, correction=0)
    return mean, torch.where(std > 1e-6 * mean.abs().clamp(min=1e-6), std, 1.0)


def _fit_sklearn(x, y, l2, initial, max_iterations, tolerance) -> tuple[Tensor, Tensor]:
    num_classes = int(y.max()) + 1
    strength = l2 * len(x) / (2 if num_classes == 2 else 1)
    model = LogisticRegression(C=1 / strength, max_iter=max_iterations, tol=tolerance, warm_start=True)
    if initial is not None:
        weight, bias = (tensor.double().numpy() for tensor in initial)
        model.coef_ = weight[1:] - weight[:1] if num_classes == 2 else weight
        model.intercept_ = bias[1:] - bias[:1] if num_classes == 2 else bias
    model.fit(x.double().numpy(), y.numpy())
    weight, bias = torch.from_numpy(model.coef_), torch.from_numpy(model.intercept_)
    if num_classes == 2:
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return weight.float(), bias.float()


def _fit_torch(x, y, l2, initial, max_iterations, tolerance) -> tuple[Tensor, Tensor]:
    num_classes = int(y.max()) + 1
    if initial is None:
        weight, bias = x.new_zeros(num_classes, x.shape[1]), x.new_zeros(num_classes)
    else:
        weight, bias = (tensor.clone() for tensor in initial)

    def closure() -> float:
        loss, weight.grad, bias.grad = objective(x, y, weight, bias, l2)
        return loss

    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=max_iterations,
        max_eval=2 * max_iterations,
        tolerance_grad=tolerance,
        tolerance_change=1e-9,
        history_size=20,
        line_search_fn="strong_wolfe",
    )
    optimizer.step(closure)
    if optimizer.state[weight]["n_iter"] >= max_iterations:
        warnings.warn(f"the linear probe didn't converge in {max_iterations} iterations at l2 = {l2:g}", stacklevel=3)
    return weight, bias


def objective(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, l2: float) -> tuple[float, Tensor, Tensor]:
    """The value of ``fit_logistic``'s objective and its gradients in weight and bias, a piece of the rows at a time."""
    loss, weight_grad, bias_grad = 0.0, torch.zeros_like(weight), torch.zeros_like(bias)
    for rows, labels in zip(x.split(ROWS), y.split(ROWS), strict=True):
        log_p = (rows @ weight.T + bias).log_softmax(dim=1)
        loss -= log_p.gather(1, labels[:, None]).sum().item()
        residual = log_p.exp()
        residual[torch.arange(len(labels), device=y.device), labels] -= 1
        weight_grad += residual.T @ rows
        bias_grad += residual.sum(dim=0)
    n = len(x)
    penalty = l2 / 2 * weight.square().sum().item()
    return loss / n + penalty, weight_grad / n + l2 * weight, bias_grad / n
