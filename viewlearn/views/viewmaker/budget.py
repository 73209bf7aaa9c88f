"""The distortion budget of a learned view: the projection that imposes it, and the distortion that remains."""

import torch
from torch import Tensor


def project_l1(y: Tensor, budget: float | Tensor) -> Tensor:
    """Projects each sample onto the sphere of mean absolute value ``budget``.

    ::

        δ = budget · t / (mean|t| + 1e-4),   t = tanh(y)

    The mean goes over all channels and pixels of a sample, and the gradient flows through it. So the mean of ``|δ|`` is
    the budget, less the fraction 1e-4 / mean ``|t|`` of it. Single pixels have no bound: if only a fraction f of the
    pixels changes, ``|δ|`` is budget/f there. Tamkin, Wu & Goodman, "Viewmaker Networks", ICLR 2021, algorithm 1; the
    tanh and the 1e-4 are from the published code. Computed in float32 or float64.

    Args:
        y: Unbounded output of a network, ``(batch, …)``.
        budget: Mean of ``|δ|``, in the units of the view's input.
    """
    t = torch.tanh(y.to(torch.promote_types(y.dtype, torch.float32)))
    return t * (budget / (t.abs().mean(dim=tuple(range(1, t.ndim)), keepdim=True) + 1e-4))


def distortion(x: Tensor, view: Tensor) -> dict[str, Tensor]:
    """Measures how far a view of the same shape is from x: ``mean`` and ``max`` of ``|view − x|``, detached scalars.

    Clamping makes the mean smaller than the budget.
    """
    difference = (view.detach() - x.detach()).abs()
    return {"mean": difference.mean(), "max": difference.amax()}
