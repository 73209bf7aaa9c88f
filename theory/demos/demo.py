"""What a demonstration returns, and how it is saved."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from theory.plots import save
from theory.table import Table
from viewlearn.files import write_text


@dataclass
class Demo:
    """Named tables and figures, the ``lines`` that sum them up, and the ``settings`` that made them."""

    name: str
    lines: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)

    def write(self, out: Path) -> list[Path]:
        """Writes a CSV per table, a PNG per figure, and ``<name>.json`` with settings and lines; returns the paths."""
        paths = []
        for name, table in self.tables.items():
            table.write(out / f"{name}.csv")
            paths.append(out / f"{name}.csv")
        for name, figure in self.figures.items():
            paths.append(save(figure, out / f"{name}.png"))
        summary = {"settings": self.settings, "results": self.lines}
        path = out / f"{self.name}.json"
        write_text(path, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        return [*paths, path]
