"""Puts runs on one HTML page: ``python -m viewlearn.report runs/A runs/B --out report.html``."""

import argparse
from dataclasses import replace

from viewlearn.bounds import Count, CountOrZero, SmallCountOrZero
from viewlearn.endings import plain_endings
from viewlearn.report import AnalysisSettings
from viewlearn.report.analysis import QUICK
from viewlearn.runs.components import load_components
from viewlearn.runs.provenance import program
from viewlearn.script_parser import ScriptParser, device_name, in_bounds, truth
from viewlearn.threads import set_threads

FULL = AnalysisSettings()


def main() -> None:
    """Writes the page that this process's command line asks for."""
    arguments = _make_parser().parse_args()
    from viewlearn.report import write_report  # here, so that a help text doesn't wait for what draws

    with plain_endings(ValueError, OSError):
        set_threads(arguments.threads)
        load_components()
        settings = _settings(arguments)
        analyze = settings if arguments.analyze else None
        path = write_report(
            arguments.runs, arguments.out, analyze=analyze, title=arguments.title, trust=arguments.trust
        )
        print(f"report: {path}")


def _make_parser() -> argparse.ArgumentParser:
    parser = ScriptParser(
        program(), description="Puts runs on one HTML page.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("runs", nargs="+", help="run folders")
    add("--out", default="report.html", help="the page to write")
    add("--title", help="title of the page; without it, the names of the runs")
    add("--analyze", type=truth, default=True, help="false: show what views destroy only where it is already known")
    add("--full", type=truth, default=False, help="true: large judges and more views, which take minutes, not seconds")
    count, either = in_bounds(Count), "without it {}, in full {}"
    for name, kind, quick, full, what in (
        ("--num_samples", count, QUICK.num_samples, FULL.num_samples, "test samples of the analysis"),
        ("--num_draws", count, QUICK.num_draws, FULL.num_draws, "views of each sample"),
        ("--judge", str, QUICK.judge.name, FULL.judge.name, "network of the judges"),
        ("--judge.steps", count, QUICK.judge.steps, FULL.judge.steps, "its training steps, at most"),
        ("--judge.num_train", count, QUICK.judge.num_train, FULL.judge.num_train, "its samples, at most"),
        (
            "--checkpoints",
            in_bounds(CountOrZero),
            QUICK.checkpoints,
            FULL.checkpoints,
            "earlier checkpoints to analyze",
        ),
    ):
        add(name, type=kind, default=argparse.SUPPRESS, help=f"{what}; {either.format(quick, full)}")
    add("--cache", default=FULL.cache, help="folder of the judges, shared by runs on the same data")
    add("--device", type=device_name, default="cpu", help="device of the analysis")
    add("--trust", action="store_true", help="let the runs name classes of any package, see docs/safety.md")
    add("--threads", type=in_bounds(SmallCountOrZero), default=0, help="CPU threads; 0: all cores")
    return parser


def _settings(arguments: argparse.Namespace) -> AnalysisSettings:
    """The quick or the full form, with what else the command line says."""
    form = FULL if arguments.full else QUICK
    given = vars(arguments)
    judge = {"judge": "name", "judge.steps": "steps", "judge.num_train": "num_train"}
    others = ("num_samples", "num_draws", "checkpoints", "cache", "device")
    return replace(
        form,
        judge=replace(form.judge, **{name: given[flag] for flag, name in judge.items() if flag in given}),
        **{name: given[name] for name in others if name in given},
    )


if __name__ == "__main__":
    main()
