"""Phase diagrams: what is learned over two axes, in closed form and by training."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from theory.closed_forms.boundaries import learned
from theory.losses.loss import Loss
from theory.losses.quadratic import Spectral
from theory.model.groups import GroupModel
from theory.model.parameters import Values, cells, vary
from theory.simulation.optimization import Optimization
from theory.sweeps.sweep import sweep
from theory.table import TidyTable

LEARNED = 0.5  # a group counts as learned above this mean R²


@dataclass(frozen=True)
class PhaseDiagram:
    """What is learned over two axes.

    Args:
        x: Name and values of the horizontal axis.
        y: Name and values of the vertical axis.
        theory: Mean R² of each group's directions in closed form, (y, x).
        gap: Difference of scores by which the closed form decides, (y, x).
        trained: Mean R² of each group's directions, averaged over seeds, (y, x); empty without training.
        table: One row per run; empty without training.
    """

    x: tuple[str, np.ndarray]
    y: tuple[str, np.ndarray]
    theory: dict[str, np.ndarray]
    gap: np.ndarray
    trained: dict[str, np.ndarray] = field(default_factory=dict)
    table: TidyTable = field(default_factory=lambda: TidyTable({}))

    def agreement(self, min_gap: float = 0.0) -> float:
        """Returns the share of runs that learned what the closed form says, in cells whose gap exceeds ``min_gap``."""
        if not len(self.table):
            raise ValueError("nothing was trained: call phase_diagram with seeds above 0")
        clear = self.table["gap"] > min_gap
        if not clear.any():
            raise ValueError(f"no cell has a gap above {min_gap}")
        right = np.ones(len(self.table), bool)
        for name in self.theory:
            right &= (self.table[f"r2_{name}"] > LEARNED) == (self.table[f"theory_r2_{name}"] > LEARNED)
        return float(right[clear].mean())


def phase_diagram(
    model: GroupModel,
    x: tuple[str, Values],
    y: tuple[str, Values],
    loss: Loss | None = None,
    dim: int | None = None,
    optimization: Optimization | None = None,
    *,
    seeds: int = 0,
    out: Path | str | None = None,
    progress: bool = False,
) -> PhaseDiagram:
    """Maps what is learned over two axes of numbers, such as ("A.destroy", …) and ("A.strength", …).

    Args:
        model: Model that the axes vary.
        x: Name and values of the horizontal axis: GROUP.destroy, GROUP.strength, noise or shared_noise.
        y: Name and values of the vertical axis.
        loss: Loss that is trained; default Spectral(). The closed form is that of the spectral loss if the loss has
            none.
        dim: Embedding dimension; default ``model.default_dim()``.
        optimization: Settings of gradient descent; default ``Optimization()``.
        seeds: Number of runs per cell; 0 gives the closed form alone, for any number of cells.
        out: Folder of the sweep, as in ``sweep``.
        progress: Whether a progress bar is shown.
    """
    loss = Spectral() if loss is None else loss
    x_axis, y_axis = ((name, np.asarray(values, dtype=np.float64)) for name, values in (x, y))
    grid = dict([y_axis, x_axis])
    shape = (len(y_axis[1]), len(x_axis[1]))
    form = loss.quadratic_form(bottleneck=True) or Spectral().quadratic_form()
    part, gap = learned(model, form, dim, vary(model, cells(grid)))
    theory = {g.name: part[:, model.directions(g.name)].mean(-1).reshape(shape).numpy() for g in model.groups}
    gaps = gap.reshape(shape).numpy()
    if not seeds:
        return PhaseDiagram(x_axis, y_axis, theory, gaps)
    table = sweep(model, grid, loss, dim, optimization, seeds=seeds, out=out, progress=progress)
    trained = {name: table[f"r2_{name}"].reshape(*shape, seeds).mean(-1) for name in theory}
    return PhaseDiagram(x_axis, y_axis, theory, gaps, trained, table)
