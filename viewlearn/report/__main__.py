"""Puts runs on one HTML page: ``python -m viewlearn.report runs/A runs/B --out report.html``."""

import argparse

from viewlearn.bounds import Count, CountOrZero, SmallCountOrZero
from viewlearn.endings import plain_endings
from viewlearn.evaluation.feature_dropping import JudgeSettings
from viewlearn.report import AnalysisSettings
from viewlearn.runs.components import load_components
from viewlearn.runs.provenance import program
from viewlearn.script_parser import ScriptParser, device_name, in_bounds, truth
from viewlearn.threads import set_threads

DEFAULT = AnalysisSettings()


def main() -> None:
    """Writes the page that this process's command line asks for."""
    arguments = _make_parser().parse_args()
    from viewlearn.report import write_report  # here, so that a help text doesn't wait for what draws

    with plain_endings(ValueError, OSError):
        set_threads(arguments.threads)
        load_components()
        settings = AnalysisSettings(
            num_samples=arguments.num_samples,
            num_draws=arguments.num_draws,
            judge=JudgeSettings(arguments.judge, steps=arguments.judge_steps, num_train=arguments.judge_num_train),
            cache=arguments.cache,
            checkpoints=arguments.checkpoints,
            device=arguments.device,
        )
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
    add("--num_samples", type=in_bounds(Count), default=DEFAULT.num_samples, help="test samples of the analysis")
    add("--num_draws", type=in_bounds(Count), default=DEFAULT.num_draws, help="views of each sample")
    add("--judge", default=DEFAULT.judge.name, help="network of the judges")
    judge, count = DEFAULT.judge, in_bounds(Count)
    add("--judge.steps", dest="judge_steps", type=count, default=judge.steps, help="its training steps, at most")
    add("--judge.num_train", dest="judge_num_train", type=count, default=judge.num_train, help="its samples, at most")
    add("--cache", default=DEFAULT.cache, help="folder of the judges, shared by runs on the same data")
    add(
        "--checkpoints",
        type=in_bounds(CountOrZero),
        default=DEFAULT.checkpoints,
        help="earlier checkpoints to analyze",
    )
    add("--device", type=device_name, default="cpu", help="device of the analysis")
    add("--trust", action="store_true", help="let the runs name classes of any package, see docs/safety.md")
    add("--threads", type=in_bounds(SmallCountOrZero), default=0, help="CPU threads; 0: all cores")
    return parser


if __name__ == "__main__":
    main()
