"""Puts runs on one HTML page: ``python experiments/report.py runs/A runs/B --out report.html``."""

import argparse

import torch

import audio  # noqa: F401  (a run's configuration may name their classes)
import vision  # noqa: F401
from viewlearn.report import AnalysisSettings, write_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", help="run folders")
    parser.add_argument("--out", default="report.html", help="the page to write (default: report.html)")
    parser.add_argument("--title", help="of the page (default: the runs' names)")
    parser.add_argument("--no-analysis", action="store_true", help="show what views destroy only where it is known")
    parser.add_argument("--samples", type=int, default=1_000, help="test samples of the analysis (default: 1000)")
    parser.add_argument("--draws", type=int, default=8, help="views of each (default: 8)")
    parser.add_argument("--reference", default="resnet10w16", help="the judges' network (default: resnet10w16)")
    parser.add_argument("--reference-epochs", type=int, default=5, help="of the judges' training (default: 5)")
    parser.add_argument("--reference-train", type=int, default=8_000, help="the judges' samples (default: 8000)")
    parser.add_argument("--device", default="cpu", help="of the analysis (default: cpu)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = AnalysisSettings(
        num_samples=arguments.samples,
        num_draws=arguments.draws,
        reference=arguments.reference,
        epochs=arguments.reference_epochs,
        num_train=arguments.reference_train,
        device=arguments.device,
    )
    path = write_report(
        arguments.runs, arguments.out, analyse=None if arguments.no_analysis else settings, title=arguments.title
    )
    print(f"report: {path}")


if __name__ == "__main__":
    main()
