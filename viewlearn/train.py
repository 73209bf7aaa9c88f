"""Trains an encoder by contrasting views and evaluates it: ``python -m viewlearn.train --help``."""

from viewlearn.distributed import LostProcess
from viewlearn.endings import plain_endings
from viewlearn.evaluation import Results
from viewlearn.runs import Parts, RunFolder, load_components, make_parser, run

DEFAULTS = {
    "data": {"class_path": "vision.PhotoDigits", "init_args": {"size": 24}},
    # The smallest networks that learn both features in minutes on two cores; docs/recipe.md says how they were chosen.
    # A larger budget destroys the digit, a smaller one the region.
    "views": {"class_path": "vision.CroppedViewmaker"},
    "encoder": {"class_path": "viewlearn.WhitenedConvNet", "init_args": {"widths": [8, 16, 16]}},
    "method": {"class_path": "viewlearn.SimCLR", "init_args": {"temperature": 0.2}},
    "optimizer": {"class_path": "viewlearn.ConvMuon"},
    "steps": 1736,  # 6 TFLOP
    "batch_size": 128,
    "monitor_every": 100,
}


def _report(folder: RunFolder, parts: Parts, analyze: bool) -> None:
    from viewlearn.report import report_run  # here, so that a help text doesn't wait for what draws a page

    report_run(folder, parts, analyze)


def _summary(folder: RunFolder, results: Results) -> str:
    from viewlearn.report import MissingPart, saved_analysis, summarize

    try:
        return summarize(results, saved_analysis(folder))
    except MissingPart:  # of another run or step, or damaged, which the page says
        return summarize(results, None)


def main() -> None:
    """Trains as this process's command line says; a user's mistake ends it with one line."""
    with plain_endings(ValueError, FloatingPointError, OSError, LostProcess):
        load_components()
        parser = make_parser("Trains an encoder by contrasting views and evaluates it.", DEFAULTS)
        folder, _, results = run(parser, report=_report)
    if results is not None:
        print(f"\n{_summary(folder, results)}\n\nrun folder: {folder.path}")
        print("figures:    " + ", ".join(str(path) for path in sorted(folder.figures.iterdir())))
        if folder.report.exists():
            print(f"report:     {folder.report}")


if __name__ == "__main__":
    main()
