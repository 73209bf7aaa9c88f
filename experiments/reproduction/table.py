"""From finished runs to tables in Markdown."""

from collections.abc import Sequence

from reproduction.columns import Column, columns, destroyed, layer_columns, num_features, spread
from reproduction.grid import Cell, Grid
from reproduction.invariance import invariance_tables
from viewlearn.evaluation import Results
from viewlearn.tables import markdown_table

UNKNOWN = "could not be obtained"
RANDOM = "random encoder"


def results_table(grid: Grid, command: str) -> str:
    """Writes a table: mean ± standard deviation over seeds in percent, published numbers beside columns that have any.

    Below it stand the table of layers, if one is declared, the notes, and where the numbers come from.
    """
    shown = columns(grid)
    published = {each.heading for each in shown if any(each.heading in row for row in grid.published.values())}
    lost = [task for task in grid.tasks if grid.destruction and any(task in destroyed(cell) for cell in grid.cells)]
    head = [""]
    for each in shown:
        head += [each.heading, *([f"{each.heading}, published"] if each.heading in published else [])]
    head += [f"views destroy {task}" for task in lost] + ([] if not grid.evaluations else ["features"]) + ["runs"]
    lines = [
        f"# {grid.title}",
        "",
        f"{grid.reference} Scale: {grid.scale}. Accuracies in percent, {grid.probe} probe.",
        "",
    ]
    rows = {RANDOM: grid.rows[0], **{row: row for row in grid.rows}}  # the first row's weights before training
    cells = [_row(grid, name, _cells(grid, row), shown, published, lost) for name, row in rows.items()]
    lines += [
        markdown_table(head, cells),
        "",
        *_layer_table(grid),
        *invariance_tables(grid),
        *(f"{note}\n" for note in grid.notes),
    ]
    return "\n".join([*lines, _origin(grid, command)])


def _cells(grid: Grid, row: str) -> list[Cell]:
    return [cell for cell in grid.cells if cell.row == row]


def _row(
    grid: Grid, row: str, cells: list[Cell], shown: list[Column], published: set[str], lost: list[str]
) -> list[str]:
    done = [cell for cell in cells if cell.done]
    random = row == RANDOM
    texts = [row]
    for column in shown:
        texts.append(spread([column.value(cell, encoder="random" if random else "trained") for cell in done]))
        if column.heading in published:
            theirs = grid.published.get(row)  # none: a row that the paper doesn't have
            texts.append("—" if theirs is None else str(theirs.get(column.heading, UNKNOWN)))
    texts += ["—" if random else spread([destroyed(cell).get(task) for cell in done]) for task in lost]
    if grid.evaluations:
        texts.append(", ".join(sorted({str(num_features(cell) or "—") for cell in done})) or "—")
    return [*texts, f"{len(done)} of {len(cells)}"]


def _layer_table(grid: Grid) -> list[str]:
    """A line for each row and layer of the runs that were asked by layer."""
    asked: list[Column] = layer_columns(grid)
    rows: list[list[str]] = []
    for row in grid.rows:
        done = [cell for cell in _cells(grid, row) if cell.done]
        layers = {each.layer: None for column in asked for cell in done for each in column.rows(cell)}
        if len(layers) > 1:
            for layer in layers:
                values = [spread([column.value(cell, [layer]) for cell in done]) for column in asked]
                rows.append([row, layer or "output", *values])
    if not rows:
        return []
    head = ["", "features", *(column.heading for column in asked)]
    return ["By layer:", "", markdown_table(head, rows, left=2), ""]


def _origin(grid: Grid, command: str) -> str:
    done = [cell for cell in grid.cells if cell.done]
    own = [Results.load(cell.folder / "results.json").info for cell in done]
    asked = [
        Results.load(path).info for cell in done for each in grid.evaluations if (path := each.path(cell)).is_file()
    ]

    def all_of(infos: Sequence[dict], key: str) -> str:
        return ", ".join(sorted({str(each.get(key, "unknown")) for each in infos})) or "no run is done"

    evaluated = f" (evaluated beyond their own results: {all_of(asked, 'commit')})" if asked else ""
    return (
        f"± is the standard deviation over seeds. Command: `{command}`. Commit: {all_of(own, 'commit')}{evaluated}. "
        f"Steps: {all_of(own, 'steps')}. Device: {all_of(own, 'device')}. torch {all_of(own, 'torch')}.\n"
    )
