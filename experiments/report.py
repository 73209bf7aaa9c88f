"""Puts runs on one HTML page: ``python experiments/report.py runs/A runs/B --out report.html``."""

import argparse

import torch

import audio  # noqa: F401  (a run's configuration may name their classes)
import vision  # noqa: F401
from viewlearn.report import AnalysisSettings, write_report

DEFAULT = AnalysisSettings()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("runs", nargs="+", help="run folders")
    parser.add_argument("--out", default="report.html", help="the page to write")
    parser.add_argument("--title", help="of the page; without it the runs' names")
    parser.add_argument("--no-analysis", action="store_true", help="show what views destroy only where it is known")
    parser.add_argument("--samples", type=int, default=DEFAULT.num_samples, help="test samples of the analysis")
    parser.add_argument("--draws", type=int, default=DEFAULT.num_draws, help="views of each")
    parser.add_argument("--reference", default=DEFAULT.reference, help="the judges' network")
    parser.add_argument("--reference-steps", type=int, default=DEFAULT.steps, help="of their training, at most")
    parser.add_argument("--reference-train", type=int, default=DEFAULT.num_train, help="their samples, at most")
    parser.add_argument(
        "--cache", default=DEFAULT.cache, help="folder of the judges, which runs on the same data share"
    )
    parser.add_argument("--checkpoints", type=int, default=DEFAULT.checkpoints, help="earlier ones that are analyzed")
    parser.add_argument("--device", default="cpu", help="of the analysis")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = AnalysisSettings(
        num_samples=arguments.samples,
        num_draws=arguments.draws,
        reference=arguments.reference,
        steps=arguments.reference_steps,
        num_train=arguments.reference_train,
        cache=arguments.cache,
        checkpoints=arguments.checkpoints,
        device=arguments.device,
    )
    path = write_report(
        arguments.runs, arguments.out, analyze=None if arguments.no_analysis else settings, title=arguments.title
    )
    print(f"report: {path}")


if __name__ == "__main__":
    main()
