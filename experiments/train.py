"""Learns an encoder by contrasting views, then evaluates it. ``accelerate launch experiments/train.py --help``"""

import audio  # noqa: F401  (its classes can then be given by name)
import vision  # noqa: F401
from viewlearn.report import report_run
from viewlearn.runs import make_parser, run

DEFAULTS = {
    "data": {"class_path": "vision.PhotoDigits"},
    # At a budget of 0.05 the two views stay too alike: the loss is near zero at once, and little is learned.
    "views": {"class_path": "viewlearn.views.Viewmaker", "init_args": {"budget": 0.1, "width": 16}},
    "encoder": {"class_path": "viewlearn.encoders.Backbone", "init_args": {"name": "resnet10w16"}},
    "steps": 700,
    "batch_size": 128,
    "monitor_every": 100,
}


def main() -> None:
    parser = make_parser(__doc__, DEFAULTS)
    try:
        folder, _, results = run(parser, report=report_run)
    except (ValueError, FloatingPointError) as error:
        raise SystemExit(f"error: {error}") from error
    if results is not None:
        print(f"\n{results}\n\nrun folder: {folder.path}")
        print("figures:    " + ", ".join(str(path) for path in sorted(folder.figures.iterdir())))
        if folder.report.exists():
            print(f"report:     {folder.report}")


if __name__ == "__main__":
    main()
