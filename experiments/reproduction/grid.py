"""A table as a grid of runs, declared in YAML."""

import fnmatch
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from pathlib import Path

import yaml

from viewlearn.runs import Questions

TABLES = Path(__file__).parents[1] / "configs" / "tables"
KEYS = {
    "title",
    "reference",
    "probe",
    "tasks",
    "evaluations",
    "random_encoder",
    "destruction",
    "tradeoffs",
    "invariance",
    "flags",
    "scales",
    "rows",
    "crossed",
    "published",
    "notes",
}


@dataclass(frozen=True)
class Cell:
    """One run of a table.

    Args:
        row: Name of its row.
        seed: Seed of the run.
        folder: Folder of the run.
        flags: Flags of ``experiments/train.py``, without seed and folder.
    """

    row: str
    seed: int
    folder: Path
    flags: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether the run has its results."""
        return (self.folder / "results.json").is_file()


@dataclass(frozen=True)
class Evaluation:
    """What a table asks its runs beyond their own results.

    Args:
        name: Name of the evaluation; answers are in ``evaluation-NAME.json`` of each run's folder.
        questions: Questions, as ``evaluate.py`` takes them by flags.
        columns: Columns of the table: by heading, ``TASK/PROBE`` of the answers' rows, of the backbone's features.
        layer_columns: Likewise, columns of the table that has a line for each row and layer.
        rows: Rows to ask, by names or patterns.
    """

    name: str
    questions: Questions
    columns: Mapping[str, str] = field(default_factory=dict)
    layer_columns: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ("*",)

    def asks(self, cell: Cell) -> bool:
        """Whether a run is asked."""
        return any(fnmatch.fnmatchcase(cell.row, pattern) for pattern in self.rows)

    def path(self, cell: Cell) -> Path:
        """Where a run's answers are."""
        return cell.folder / f"evaluation-{self.name}.json"


@dataclass(frozen=True)
class Grid:
    """A table: its runs, what is read from them, and what was published.

    Args:
        name: Name of the table.
        title: Title of the table.
        reference: Paper that the table follows.
        scale: ``cpu``, a size that a CPU does, or ``gpu``, the published setting.
        folder: Folder of its runs, but for those that it takes from another table.
        cells: All runs, row by row.
        tasks: Tasks whose accuracies are columns.
        probe: Probe of these accuracies: linear or knn.
        evaluations: Further columns, and the questions behind them.
        random_encoder: Whether evaluations ask the first row's runs with their initial weights, too.
        destruction: Whether to measure what the views destroy.
        tradeoffs: Pairs of tasks (A, B): accuracy on B is drawn against the destruction of A.
        invariance: Flags of ``experiments/invariance.py`` that measure the encoders; None measures nothing.
        published: Row → column → number as printed.
        notes: Paragraphs below the table.
        places: Row → axis → level, of rows that are declared as crossed axes.
    """

    name: str
    title: str
    reference: str
    scale: str
    folder: Path
    cells: tuple[Cell, ...]
    tasks: tuple[str, ...]
    probe: str = "linear"
    evaluations: tuple[Evaluation, ...] = ()
    random_encoder: bool = False
    destruction: bool = False
    tradeoffs: tuple[tuple[str, str], ...] = ()
    invariance: tuple[str, ...] | None = None
    published: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def rows(self) -> list[str]:
        """The rows' names, in order."""
        return list(dict.fromkeys(cell.row for cell in self.cells))


def table_names() -> list[str]:
    """Lists the tables that are declared."""
    return sorted(path.stem for path in TABLES.glob("*.yaml"))


def load_grid(name: str, scale: str, seeds: int, data: str, out: Path, extra: tuple[str, ...] = ()) -> Grid:
    """Reads a table's declaration.

    Args:
        name: Name of the table.
        scale: One of the scales that it declares.
        seeds: Number of runs per row.
        data: Folder of the data sets, for ``{data}`` in flags.
        out: Folder of the runs.
        extra: Further flags for all runs.

    Raises:
        ValueError: no such table or scale, a key that means nothing, or no seeds.
    """
    path = TABLES / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(f"no table {name!r}; there are: {', '.join(table_names())}")
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = declared.keys() - KEYS
    if unknown:
        raise ValueError(f"{path.name} has a key {sorted(unknown)[0]!r}; known are: {', '.join(sorted(KEYS))}")
    if scale not in declared["scales"]:
        raise ValueError(f"table {name} has no scale {scale!r}; there are: {', '.join(declared['scales'])}")
    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; it must be at least 1")
    folder = out / f"{name}-{scale}"
    cells, others = [], {}
    places, crossed = _cross(declared.get("crossed", ()))
    rows = {**declared.get("rows", {}), **crossed}
    if len({slug(row) for row in rows}) < len(rows):
        raise ValueError(f"{path.name} has rows whose names make the same folder: {', '.join(rows)}")
    for row, own in rows.items():
        if own and "from" in own:
            if own.keys() - {"from", "row"} or own["from"] == name:
                raise ValueError(
                    f"{path.name}, row {row!r}: runs are taken by {{from: OTHER TABLE, row: ROW}}, not {own}"
                )
            if own["from"] not in others:
                others[own["from"]] = load_grid(own["from"], scale, seeds, data, out, extra)
            cells += _taken(row, own, others[own["from"]])
            continue
        flags = {**declared["flags"], **(declared["scales"][scale] or {}), **(own or {})}
        flags = {flag: _at_scale(value, scale, declared["scales"]) for flag, value in flags.items()}
        given = tuple(token for flag, value in flags.items() for token in (f"--{flag}", as_text(value, data)))
        for seed in range(seeds):
            cells.append(Cell(row, seed, folder / f"{slug(row)}-seed{seed}", (*given, *extra)))
    return Grid(
        name=name,
        title=declared["title"],
        reference=declared["reference"],
        scale=scale,
        folder=folder,
        cells=tuple(cells),
        tasks=tuple(declared["tasks"]),
        probe=declared.get("probe", "linear"),
        evaluations=tuple(_evaluation(each, declared, data) for each in declared.get("evaluations", {})),
        random_encoder=declared.get("random_encoder", False),
        destruction=declared.get("destruction", False),
        tradeoffs=tuple((a, b) for a, b in declared.get("tradeoffs", permutations(declared["tasks"], 2))),
        invariance=_flags(declared["invariance"], data) if "invariance" in declared else None,
        published=declared.get("published", {}),
        notes=tuple(declared.get("notes", ())),
        places=places,
    )


def _cross(blocks: Iterable[Mapping]) -> tuple[dict[str, dict[str, str]], dict[str, dict]]:
    """The rows of crossed axes: each block is ``{AXIS: {LEVEL: flags}}``, and a row takes a level of each of its axes.

    Returns:
        Row → axis → level; row → flags. A row is named after its levels: ``k 4, N 256``.
    """
    places, rows = {}, {}
    for block in blocks:
        for levels in product(*(axis.items() for axis in block.values())):
            place = {axis: str(level) for axis, (level, _) in zip(block, levels, strict=True)}
            row = ", ".join(f"{axis} {level}" for axis, level in place.items())
            places[row], rows[row] = place, {flag: value for _, flags in levels for flag, value in flags.items()}
    return places, rows


def _taken(row: str, own: Mapping, other: Grid) -> list[Cell]:
    """The runs of another table's row, ``{from: TABLE, row: ROW}``, under this one's name."""
    cells = [replace(cell, row=row) for cell in other.cells if cell.row == own.get("row", row)]
    if not cells:
        raise ValueError(f"table {other.name} has no row {own.get('row', row)!r}; there are: {', '.join(other.rows)}")
    return cells


def _flags(declared: Mapping, data: str) -> tuple[str, ...]:
    """A command line's flags; lists are values one after the other."""
    given = []
    for flag, value in declared.items():
        given += [f"--{flag}", *(as_text(each, data) for each in (value if isinstance(value, list) else [value]))]
    return tuple(given)


def _evaluation(name: str, declared: Mapping, data: str) -> Evaluation:
    own = dict(declared["evaluations"][name])
    unknown = own.keys() - {"questions", "columns", "layer_columns", "rows"}
    if unknown:
        raise ValueError(f"evaluation {name!r} has a key {sorted(unknown)[0]!r}")
    questions = dict(own.pop("questions"))
    changed = {flag: as_text(value, data) for flag, value in questions.pop("data", {}).items()}
    rows = tuple(own.pop("rows", ["*"]))
    names = [*declared.get("rows", {}), *_cross(declared.get("crossed", ()))[1]]
    for pattern in rows:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"evaluation {name!r} asks rows {pattern!r}; there are: {', '.join(names)}")
    return Evaluation(name, Questions.of({**questions, "data": changed}), rows=rows, **own)


def _at_scale(value: object, scale: str, scales: Collection[str]) -> object:
    """A flag's value, which may be given for each scale: ``{cpu: 0.99, gpu: 0.999}``."""
    return value[scale] if isinstance(value, dict) and value.keys() == set(scales) else value


def as_text(value: object, data: str) -> str:
    """Writes a flag's value as it stands in a command line, ``{data}`` filled in; nested values as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("{data}", data)


def slug(row: str) -> str:
    """Makes a folder's name of a row's."""
    return re.sub(r"[^a-z0-9.]+", "-", row.lower().replace("++", "-plus-plus").replace("∘", "of")).strip("-")
