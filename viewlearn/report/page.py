"""From sections to one self-contained HTML file."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from viewlearn.files import write_text
from viewlearn.plots.figure import COLORS
from viewlearn.report.blocks import Section
from viewlearn.report.run_reader import RunReader


def write_page(out: Path, title: str, runs: Sequence[RunReader], sections: Sequence[Section], footer: str) -> Path:
    """Renders a report and writes it whole or not at all."""
    environment = Environment(
        loader=PackageLoader("viewlearn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["raw"] = Markup
    html = environment.get_template("report.html.j2").render(
        title=title,
        runs=[(run.name, color_of(run.index), run.warnings) for run in runs],
        sections=sections,
        footer=footer,
        style=Markup(_text("style.css")),
        script=Markup(_text("script.js")),
    )
    write_text(out, html)
    return out


def color_of(index: int) -> str:
    """Returns the color of a run."""
    return COLORS[index % len(COLORS)]


def _text(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
