"""Results of an evaluation: a table to print, and the same as a JSON file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from viewlearn.evaluation.score import Score
from viewlearn.tables import text_table


@dataclass(frozen=True)
class Row:
    """One task under one probe, for the trained encoder and what it has to beat.

    Args:
        task: Name of the task, or of the factor.
        probe: Name of the probe: "linear", "knn", "factor", "5-shot", "corruptions", ….
        trained: Score of the trained encoder.
        random: Score of an encoder of the same architecture with random weights; None if there is none.
        majority: Accuracy of always answering with the class that is most frequent in training.
        uniform: Expected accuracy of answering at random, 1 / num_classes.
        layer: Layer that was probed; None for the encoder's output.
    """

    task: str
    probe: str
    trained: Score
    random: Score | None
    majority: float
    uniform: float
    layer: str | None = None


@dataclass(frozen=True)
class Results:
    """All tasks under all probes; ``str(results)`` is the table, ``to_dict`` and ``load`` carry it through JSON.

    Args:
        rows: One per task, probe and layer.
        info: What else a reader has to know (number of features, run, steps, …), as plain JSON values.
    """

    rows: tuple[Row, ...] = ()
    info: dict[str, object] = field(default_factory=dict)

    def row(self, task: str, probe: str, layer: str | None = None) -> Row:
        """Finds the row of a task and a probe (and of a layer, if several were probed).

        Raises:
            ValueError: There is none; the message lists those that there are.
        """
        for row in self.rows:
            if (row.task, row.probe, row.layer) == (task, probe, layer):
                return row
        there = ", ".join(_name(row.task, row.probe, row.layer) for row in self.rows)
        raise ValueError(f"no result {_name(task, probe, layer)}; there are: {there or 'none'}")

    def to_dict(self) -> dict[str, object]:
        """Makes nested dicts and lists of plain values for JSON."""
        return asdict(self)

    @classmethod
    def load(cls, path: Path | str) -> "Results":
        """Reads a JSON file of what ``to_dict`` gave."""
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(tuple(_row(row) for row in content["rows"]), content["info"])

    def __str__(self) -> str:
        if not self.rows:
            return "Nothing was evaluated: the data has no labels, or no probe was asked for."
        layers = any(row.layer is not None for row in self.rows)
        numbers = ("trained encoder", "random encoder", "majority class", "1/classes", "train", "test")
        head = ("task", "probe", *(["features"] if layers else []), *numbers)
        rows = [(row.task, row.probe, *([row.layer or "output"] if layers else []), *_cells(row)) for row in self.rows]
        return text_table(head, rows, left=2 + layers)


def percent(score: Score | None) -> str:
    """Writes an accuracy in percent with its 95 % interval: ``48.4 [47.1, 49.7]``."""
    if score is None:
        return "—"
    return f"{100 * score.accuracy:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        percent(row.trained),
        percent(row.random),
        f"{100 * row.majority:.1f}",
        f"{100 * row.uniform:.1f}",
        str(row.trained.num_train),
        str(row.trained.num_test),
    )


def _name(*parts: str | None) -> str:
    return "/".join(part for part in parts if part is not None)


def _row(content: Mapping[str, Any]) -> Row:
    random = None if content["random"] is None else Score(**content["random"])
    rest = {name: value for name, value in content.items() if name not in ("trained", "random")}
    return Row(trained=Score(**content["trained"]), random=random, **rest)
