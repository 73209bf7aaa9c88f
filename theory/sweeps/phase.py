"""Phase diagrams: what is learned over two axes, in closed form and by training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from theory.closed_forms.boundaries import learned
from theory.losses.losses import Loss, Spectral
from theory.model.groups import GroupModel
from theory.model.parameters import cells, vary
from theory.sweeps.sweep import sweep
from theory.table import Table

LEARNED = 0.5  # a group counts as learned above this mean R²


@dataclass(frozen=True)
class PhaseDiagram:
    """``theory[group]`` and ``trained[group]``: mean R² of the group, (y, x), trained as mean over seeds.

    ``gap`` (y, x) is the difference of scores by which the closed form decides. ``table`` holds one row per run, None
    without training.
    """

    x: tuple[str, np.ndarray]
    y: tuple[str, np.ndarray]
    theory: dict[str, np.ndarray]
    gap: np.ndarray
    trained: dict[str, np.ndarray] | None = None
    table: Table | None = None

    def agreement(self, min_gap: float = 0.0) -> float:
        """Share of runs, in cells whose gap exceeds ``min_gap``, that learned the groups that the closed form says."""
        if self.table is None:
            raise ValueError("nothing was trained: call phase_diagram with seeds")
        clear = self.table["gap"] > min_gap
        if not clear.any():
            raise ValueError(f"no cell has a gap above {min_gap}")
        right = np.ones(len(self.table), bool)
        for name in self.theory:
            right &= (self.table[f"r2_{name}"] > LEARNED) == (self.table[f"theory_r2_{name}"] > LEARNED)
        return float(right[clear].mean())


def phase_diagram(
    model: GroupModel,
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
    loss: Loss | None = None,
    dim: int | None = None,
    *,
    seeds: int = 0,
    out: Path | str | None = None,
    **training,
) -> PhaseDiagram:
    """What is learned over two axes of numbers, such as ("A.destroy", …) and ("A.strength", …).

    Args:
        model: What the axes vary.
        x: Name and values of the horizontal axis: GROUP.destroy, GROUP.strength, noise or shared_noise.
        y: Name and values of the vertical axis.
        loss: What is trained; the closed form is that of the spectral loss unless the loss has its own. Default
            Spectral().
        dim: Embedding dimension; default ``model.default_dim()``.
        seeds: Runs per cell; 0 gives the closed form alone, at any number of cells.
        out: Folder of the sweep, as in ``sweep``.
        **training: Further arguments of ``sweep``.
    """
    loss = Spectral() if loss is None else loss
    x, y = ((name, np.asarray(values, dtype=np.float64)) for name, values in (x, y))
    grid = {y[0]: y[1], x[0]: x[1]}
    shape = (len(y[1]), len(x[1]))
    part, gap = learned(model, _with_scores(loss), dim, vary(model, cells(grid)))
    theory = {g.name: part[:, model.directions(g.name)].mean(-1).reshape(shape).numpy() for g in model.groups}
    gap = gap.reshape(shape).numpy()
    if not seeds:
        return PhaseDiagram(x, y, theory, gap)
    table = sweep(model, grid, loss, dim, seeds=seeds, out=out, **training)
    trained = {name: table[f"r2_{name}"].reshape(*shape, seeds).mean(-1) for name in theory}
    return PhaseDiagram(x, y, theory, gap, trained, table)


def _with_scores(loss: Loss) -> Loss:
    """The loss if its optimum is known by scores, else the spectral one."""
    return loss if hasattr(loss, "quadratic") else Spectral()
