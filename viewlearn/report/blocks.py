"""What a report is made of: sections of charts, tables, pictures, sounds, and gaps that say what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["better", "worse", "even", "plain", "missing"]


@dataclass(frozen=True)
class Text:
    """A paragraph; a small one is a note."""

    text: str
    small: bool = False
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class Gap:
    """Something that should be here and isn't, with the reason."""

    text: str
    kind: str = field(default="gap", init=False)


@dataclass(frozen=True)
class Finding:
    """One statement of what was found.

    Args:
        headline: Statement itself, a sentence without its period.
        detail: Numbers and intervals behind it, in sentences.
        section: Section that shows it, by its id.
        tone: Whether it is good news.
    """

    headline: str
    detail: str
    section: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Story:
    """Statements in the order in which they are read."""

    findings: Sequence[Finding]
    kind: str = field(default="story", init=False)


@dataclass(frozen=True)
class Command:
    """A command line to copy, below what it is for."""

    purpose: str
    command: str
    kind: str = field(default="command", init=False)


@dataclass(frozen=True)
class Chart:
    """A drawing.

    Args:
        svg: Markup of the drawing, see ``media.themed_svg``.
        title: Title above it.
        description: What it shows, for those who can't see it.
    """

    svg: str
    title: str
    description: str


@dataclass(frozen=True)
class Charts:
    """Charts side by side, as many as fit; fewer and larger ones if they are wide."""

    charts: Sequence[Chart]
    caption: str = ""
    wide: bool = False
    kind: str = field(default="charts", init=False)


@dataclass(frozen=True)
class Signed:
    """A number with a second line, and whether it is good news."""

    text: str
    note: str
    tone: Tone


@dataclass(frozen=True)
class Table:
    """A table; the first ``left`` columns name the row.

    Args:
        head: Titles of the columns.
        rows: Rows of cells.
        caption: Caption above the table.
        left: Number of columns that are flush left.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str | Signed]]
    caption: str
    left: int = 1
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Tile:
    """A small picture, maybe with a sound.

    Args:
        src: Picture as a data URI; empty for none.
        alt: What it shows.
        note: Text below it.
        mark: ``right`` or ``wrong``, or empty.
        audio: WAV file as a data URI; empty for none.
    """

    src: str
    alt: str
    note: str = ""
    mark: str = ""
    audio: str = ""


@dataclass(frozen=True)
class Scale:
    """The meaning of false colors: what the lowest and the highest stand for, by the name of a color map."""

    low: str
    high: str
    colors: str


@dataclass(frozen=True)
class TileGrid:
    """Rows of tiles under column titles; they shrink with the page.

    Args:
        head: Titles of the columns, the first for the rows' names.
        rows: Names and tiles of the rows.
        caption: Caption above the grid.
        scales: Meanings of false colors.
        size: Width of a tile in rem, at most.
    """

    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Tile]]]
    caption: str
    scales: Sequence[Scale] = ()
    size: float = 6
    kind: str = field(default="grid", init=False)


@dataclass(frozen=True)
class Sounds:
    """Samples as spectrograms one below the other on one time axis, with their players in a line below.

    Args:
        samples: Names of the samples, and the tiles of each; the note of a tile names its strip.
        seconds: Duration of all of them.
        caption: Caption above.
        scales: Meanings of false colors.
    """

    samples: Sequence[tuple[str, Sequence[Tile]]]
    seconds: float
    caption: str
    scales: Sequence[Scale] = ()
    kind: str = field(default="sounds", init=False)


@dataclass(frozen=True)
class Tabs:
    """Alternatives of which one is shown; all of them in print and without JavaScript."""

    label: str
    panels: Sequence[tuple[str, Sequence["Block"]]]
    kind: str = field(default="tabs", init=False)


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away."""

    summary: str
    blocks: Sequence["Block"]
    kind: str = field(default="details", init=False)


Block = Text | Gap | Story | Command | Charts | Table | TileGrid | Sounds | Tabs | Details


@dataclass(frozen=True)
class Section:
    """A titled part of the page.

    Args:
        id: Target of links to the section.
        title: Heading.
        blocks: Content.
        link: Text of links to it; the title if empty.
    """

    id: str
    title: str
    blocks: Sequence[Block]
    link: str = ""


def tabs(label: str, panels: Sequence[tuple[str, Sequence[Block]]]) -> list[Block]:
    """Makes tabs, or returns the blocks themselves where there is one panel only."""
    return list(panels[0][1]) if len(panels) == 1 else [Tabs(label, panels)]
