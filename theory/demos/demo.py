"""The outcome of a demonstration, and how it is saved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from theory.plots import save_figure
from theory.table import TidyTable
from viewlearn.files import write_text


@dataclass
class Demo:
    """The outcome of a demonstration.

    Args:
        name: Name of the demonstration.
        lines: Lines that sum up the outcome.
        tables: Tables by name.
        figures: Figures by name.
        settings: Settings that gave the outcome.
    """

    name: str
    lines: list[str] = field(default_factory=list)
    tables: dict[str, TidyTable] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)

    def write(self, out: Path) -> list[Path]:
        """Writes a CSV per table, a PNG per figure, and ``<name>.json`` with settings and lines; returns the paths."""
        paths = []
        for name, table in self.tables.items():
            table.write(out / f"{name}.csv")
            paths.append(out / f"{name}.csv")
        for name, figure in self.figures.items():
            paths.append(save_figure(figure, out / f"{name}.png"))
        summary = {"settings": self.settings, "results": self.lines}
        path = out / f"{self.name}.json"
        write_text(path, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        return [*paths, path]
