"""Evaluates a run again, from its folder alone: ``python experiments/evaluate.py runs/NAME``."""

import argparse

from viewlearn.training import RunFolder, draw_figures, evaluate_run, load_run, make_accelerator, make_parser


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="the folder of a finished run")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, … (default: auto)")
    parser.add_argument("--figures", action="store_true", help="draw the figures again, too")
    arguments = parser.parse_args()
    run_parser = make_parser("")
    try:
        folder = RunFolder(arguments.run)
        config, parts = load_run(run_parser, folder)
        accelerator = make_accelerator(arguments.device, config.precision)
        parts.method.to(accelerator.device)
        results = evaluate_run(run_parser, config, folder, parts, accelerator)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{results}\n\nresults: {folder.results}")
    if arguments.figures:
        for path in draw_figures(folder, parts.data, parts.method.views, accelerator.device, config.seed):
            print(f"figure:  {path}")


if __name__ == "__main__":
    main()
