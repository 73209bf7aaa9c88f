"""Numbers of many models of one layout, side by side: the cells of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from theory.model.groups import GroupModel

Values = Sequence[float] | Sequence[str] | np.ndarray  # of one axis


@dataclass(frozen=True)
class Parameters:
    """Numbers of many cells.

    Args:
        strengths: (cells, features).
        destroy: (cells, groups).
        noise: (cells,).
        shared_noise: (cells,).
    """

    strengths: Tensor
    destroy: Tensor
    noise: Tensor
    shared_noise: Tensor

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, cells: slice) -> "Parameters":
        return Parameters(self.strengths[cells], self.destroy[cells], self.noise[cells], self.shared_noise[cells])

    def to(self, target: torch.device | str | Tensor) -> "Parameters":
        """Returns them moved to a device, or to the device and dtype of a tensor."""
        return Parameters(*(t.to(target) for t in vars(self).values()))


def parameters_of(model: GroupModel) -> Parameters:
    """Returns the model's own numbers as one cell, in float64."""
    return Parameters(
        torch.tensor([[a for group in model.groups for a in group.strengths]], dtype=torch.float64),
        torch.tensor([[group.destroy for group in model.groups]], dtype=torch.float64),
        torch.tensor([model.noise], dtype=torch.float64),
        torch.tensor([model.shared_noise], dtype=torch.float64),
    )


def cells(grid: Mapping[str, Values]) -> dict[str, np.ndarray]:
    """Returns the outer product of the grid's axes: the value of each axis in every cell, the last axis fastest."""
    if not grid:
        return {}
    axes = {name: np.atleast_1d(np.asarray(values)) for name, values in grid.items()}
    for name, values in axes.items():
        if values.ndim != 1 or not len(values):
            raise ValueError(f"the axis {name} must be a list of values, not of shape {values.shape}")
    return {name: mesh.reshape(-1) for name, mesh in zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True)}


def vary(model: GroupModel, columns: Mapping[str, np.ndarray]) -> Parameters:
    """Returns the model's numbers with some of them set per cell.

    ``columns`` maps ``noise``, ``shared_noise``, ``<group>.destroy`` or ``<group>.strength`` to one value per cell.
    ``<group>.strength`` sets the group's largest strength; the others keep their ratio to it.
    """
    num_cells = len(next(iter(columns.values()))) if columns else 1
    base = parameters_of(model)
    strengths, destroy, noise, shared = (t.repeat(num_cells, *[1] * (t.ndim - 1)) for t in vars(base).values())
    for name, column in columns.items():
        values = torch.as_tensor(np.asarray(column, dtype=np.float64))
        _check(name, values)
        group, _, what = name.rpartition(".")
        if name == "noise":
            noise = values
        elif name == "shared_noise":
            shared = values
        elif what == "destroy":
            model.group(group)
            destroy[:, [g.name for g in model.groups].index(group)] = values
        elif what == "strength":
            where = model.directions(group)
            ratio = base.strengths[:, where] / base.strengths[:, where].max()
            strengths[:, where] = ratio * values[:, None]
        else:
            raise ValueError(f"no parameter {name!r}; there are: noise, shared_noise, GROUP.destroy, GROUP.strength")
    return Parameters(strengths, destroy, noise, shared)


def _check(name: str, values: Tensor) -> None:
    if name.endswith(".destroy"):
        allowed, good = "a probability in [0, 1]", (values >= 0) & (values <= 1)
    elif name.endswith(".strength"):
        allowed, good = "positive", values > 0
    else:
        allowed, good = "at least 0", values >= 0
    if not bool(good.all()):
        raise ValueError(f"{name} must be {allowed}, not {values[~good][0].item():g}")
