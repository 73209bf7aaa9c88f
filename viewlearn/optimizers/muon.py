"""Muon for convolutions, and SGD for the rest, in one optimizer."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from viewlearn.bounds import FractionBelowOne, NonNegative, SmallCount, checked

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, chosen by Jordan for its slope at zero
SMALLEST_NORM = 1e-7


class ConvMuon(Optimizer):
    """Muon on the weights of convolutions, taken as matrices (out, in · kernel); Nesterov SGD on everything else.

        M ← μM + G,   O = orthogonalized(G + μM),   W ← W·√out/‖W‖ if unit_scale,   W ← W − lr·O

    torch's Muon takes matrices only, and timm's multiplies in bfloat16, which CPUs without it emulate at twelve times
    the cost; otherwise they compute the same (a test compares them). Jordan et al., "Muon: an optimizer for hidden
    layers in neural networks", 2024; keeping the weights at unit scale is airbench's.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate of the convolutions.
        momentum: μ of the convolutions, in [0, 1).
        unit_scale: Whether each convolution is rescaled to the Frobenius norm √out before its step. The norm in
            front of a weight must make its scale irrelevant, as BatchNorm behind the convolution does.
        other_lr: Learning rate of all other parameters.
        other_momentum: Momentum of all other parameters, in [0, 1).
        weight_decay: Weight decay of all other parameters.
        num_iterations: Newton-Schulz iterations of the orthogonalization.

    Raises:
        ValueError: A negative learning rate or weight decay, a momentum outside [0, 1), or no iterations.
    """

    @checked
    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: NonNegative = 0.1,
        momentum: FractionBelowOne = 0.6,
        unit_scale: bool = True,
        other_lr: NonNegative = 0.1,
        other_momentum: FractionBelowOne = 0.9,
        weight_decay: NonNegative = 0.0,
        num_iterations: SmallCount = 5,
    ):
        self.unit_scale, self.num_iterations = unit_scale, num_iterations
        groups: list[dict[str, Any]] = []
        for entry in params:
            group = dict(entry) if isinstance(entry, dict) else {"params": [entry]}
            if groups and not isinstance(entry, dict):
                groups[0]["params"] += group["params"]
            else:
                groups.append({**group, "params": list(group["params"])})
        split: list[dict[str, Any]] = []
        for group in groups:
            convolutions = [p for p in group["params"] if p.ndim > 2]
            others = [p for p in group["params"] if p.ndim <= 2]
            if convolutions:
                split.append({**group, "params": convolutions, "lr": lr, "momentum": momentum, "orthogonal": True})
            if others:
                split.append({**group, "params": others, "lr": other_lr, "momentum": other_momentum})
        super().__init__(split, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Moves every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                direction = parameter.grad
                if not group["orthogonal"] and group["weight_decay"]:
                    direction = direction.add(parameter, alpha=group["weight_decay"])
                buffer = self.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))
                buffer.mul_(group["momentum"]).add_(direction)
                direction = direction.add(buffer, alpha=group["momentum"])
                if group["orthogonal"]:
                    if self.unit_scale:
                        norm = torch.linalg.vector_norm(parameter).clamp_min(SMALLEST_NORM)
                        parameter.mul_(len(parameter) ** 0.5 / norm)
                    matrix = orthogonalize(direction.flatten(1), self.num_iterations)
                    direction = matrix.view(parameter.shape)
                parameter.add_(direction, alpha=-group["lr"])
        return loss


def orthogonalize(matrix: Tensor, num_iterations: SmallCount = 5) -> Tensor:
    """The matrix with its singular values drawn towards 1, by Newton-Schulz iterations.

        X ← aX + (bA + cA²)X,   A = XXᵀ,   from X = G / ‖G‖

    After five iterations the singular values of a well-conditioned matrix lie between about 0.7 and 1.2. Runs in
    bfloat16 on accelerators and in the matrix's own type on a CPU.

    Args:
        matrix: ``(rows, columns)``.
        num_iterations: Number of iterations.
    """
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16() if matrix.device.type == "cuda" else matrix
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    x = x / torch.linalg.vector_norm(x).clamp_min(SMALLEST_NORM)
    for _ in range(num_iterations):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.T).to(matrix.dtype)
