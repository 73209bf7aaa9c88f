"""Tables as text: aligned for a terminal, or Markdown for a document."""

from collections.abc import Sequence

from tabulate import tabulate


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Lays a table out for a terminal.

    Args:
        head: Titles of the columns.
        rows: Cells, as they are to be shown.
        left: Number of columns, from the first, that are flush left; the others are flush right.
    """
    return _table(head, rows, left, "simple")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Writes a table in Markdown; arguments as of ``text_table``."""
    return _table(head, rows, left, "pipe")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int, form: str) -> str:
    sides = ["left" if column < left else "right" for column in range(len(head))]
    return tabulate(rows, head, tablefmt=form, disable_numparse=True, colalign=sides)
