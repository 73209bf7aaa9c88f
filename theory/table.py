"""A tidy table: named columns of equal length, one row per observation."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from viewlearn.files import writing


class TidyTable:
    """Columns by name: ``table["r2_A"]`` is an array. Saved columns come back as text or float64.

    Args:
        columns: Arrays or lists of one length.
    """

    def __init__(self, columns: Mapping[str, ArrayLike]):
        self.columns = {name: np.asarray(values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must have one length, not {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise ValueError(f"no column {name!r}; there are: {', '.join(self.columns)}")
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def where(self, mask: np.ndarray) -> "TidyTable":
        """Returns the rows where the mask is true."""
        return TidyTable({name: values[mask] for name, values in self.columns.items()})

    def select(self, **equals: float | str) -> "TidyTable":
        """Returns the rows whose columns equal these values, numbers to a relative 1e-9."""
        mask = np.ones(len(self), bool)
        for name, value in equals.items():
            column = self[name]
            mask &= np.isclose(column, value, rtol=1e-9) if column.dtype.kind in "fiu" else column == value
        return self.where(mask)

    def over_seeds(self, axis: str, value: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Returns an axis's values, and the mean, minimum and maximum of another column over the rows at each."""
        points = np.unique(self[axis])
        rows = [self[value][self[axis] == point] for point in points]
        mean, low, high = (np.array([f(row) for row in rows]) for f in (np.mean, np.min, np.max))
        return points, mean, low, high

    def crossing(self, axis: str, value: str, level: float) -> float:
        """Returns where the mean over rows first crosses a level along an axis, interpolated; NaN if it never does."""
        points, mean, *_ = self.over_seeds(axis, value)
        above = mean > level
        changes = np.flatnonzero(above[1:] != above[:-1])
        if not len(changes):
            return float("nan")
        i = changes[0]
        return float(points[i] + (level - mean[i]) / (mean[i + 1] - mean[i]) * (points[i + 1] - points[i]))

    def write(self, path: Path) -> None:
        """Writes a CSV file."""
        with writing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(zip(*(map(_text, values) for values in self.columns.values()), strict=True))

    @classmethod
    def read(cls, path: Path) -> "TidyTable":
        """Reads what ``write`` wrote; numbers come back bit for bit."""
        with open(path, newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        return cls({name: _column(values) for name, values in zip(names, columns, strict=True)})

    @classmethod
    def concatenate(cls, tables: Sequence["TidyTable"]) -> "TidyTable":
        """Joins tables of the same columns, one after the other."""
        return cls({name: np.concatenate([table[name] for table in tables]) for name in tables[0]})


def _text(value: object) -> str:
    return repr(float(value)) if isinstance(value, np.floating | float) else str(value)


def _column(values: Sequence[str]) -> np.ndarray:
    try:
        return np.array([float(value) for value in values])
    except ValueError:
        return np.array(values)
