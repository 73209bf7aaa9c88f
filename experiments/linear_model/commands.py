"""The linear feature-suppression model: figures, sweeps and demonstrations.

    python experiments/theory.py                      the headline figure and the phase diagram
    python experiments/theory.py sweep --x A.destroy=0:0.9:19 --loss infonce --temperature 0.2 --seeds 20
    python experiments/theory.py demo capacity        or norm-competition, adversary, finite-sample, dynamics, …
    python experiments/theory.py shortcut --bits 0:20 what a code of k bits leaves of another feature
    python experiments/theory.py predict runs/NAME    which task a real run should lose, beside what it lost

Every command writes figures (PNG), tables (CSV) and settings (JSON) into --out, by default runs/theory.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from linear_model import shortcut, sweeping
from theory import demos
from theory.demos import capacity, phase
from viewlearn.bounds import Count, Fraction, Positive, SmallCount, Width
from viewlearn.endings import plain_endings
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.threads import set_threads


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that the arguments name."""
    options = _parser().parse_args(arguments)
    set_threads(options.threads)
    with plain_endings(ValueError, OSError):
        options.run(options)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    common = ScriptParser(add_help=False)
    common.add_argument("--out", type=Path, default=Path("runs/theory"), help="folder of the results (%(default)s)")
    common.add_argument(
        "--seeds",
        type=in_bounds(SmallCount),
        help="number of runs per cell (default: that of the command)",
    )
    common.add_argument(
        "--threads",
        type=in_bounds(SmallCount),
        default=1,
        help="number of CPU threads (%(default)s: products are small)",
    )
    parser = ScriptParser(prog="theory.py", description=__doc__, formatter_class=raw, parents=[common])
    parser.set_defaults(run=_headline)
    commands = parser.add_subparsers(title="commands", metavar="")
    sweep = commands.add_parser("sweep", parents=[common], help="train over a grid", description=sweeping.DESCRIPTION)
    sweeping.add_arguments(sweep)
    sweep.set_defaults(run=sweeping.run)
    demo = commands.add_parser(
        "demo", parents=[common], help="run a demonstration", description=_demo_help(), formatter_class=raw
    )
    names = [*demos.MODULES, "all"]
    demo.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
    demo.set_defaults(run=_demo)
    laws = commands.add_parser(
        "shortcut", parents=[common], help="tabulate the laws of a shortcut of k bits", description=shortcut.DESCRIPTION
    )
    shortcut.add_arguments(laws)
    laws.set_defaults(run=shortcut.run)
    dose = commands.add_parser(
        "dose",
        parents=[common],
        help="predict the knees of a table's dose curves, and measure them",
        description="Holds the laws of a shortcut against the dose curves of a table whose rows are crossed axes, k "
        "among them. With --predict, measures the cross-view correlation of the table's first task from pairs of views "
        "of the row without a shortcut, and writes the knee of every curve; nothing is trained. Without, reads that "
        "file, measures the knees of the runs that are done, and draws both.",
    )
    dose.add_argument("table", metavar="TABLE", help="table of the dose curves, such as randbit")
    dose.add_argument("--predict", action="store_true", help="measure λ, and write the predictions")
    dose.add_argument("--predictions", type=Path, help="their file (default: docs/predictions/TABLE.csv)")
    dose.add_argument("--root", default="data", help="folder of the data sets (%(default)s)")
    dose.add_argument("--tables", type=Path, default=Path("runs/tables"), help="folder of tables' runs (%(default)s)")
    dose.add_argument("--scale", default="cpu", help="scale of the table (%(default)s)")
    dose.add_argument("--pairs", type=in_bounds(Count), default=4096, help="number of pairs of views (%(default)s)")
    dose.add_argument(
        "--components", type=in_bounds(Width), default=64, help="number of principal components (%(default)s)"
    )
    dose.add_argument("--correlation", type=in_bounds(Fraction), help="λ to predict from (default: as measured)")
    dose.set_defaults(run=_dose)
    predict = commands.add_parser(
        "predict",
        parents=[common],
        help="compare a real run with the model's prediction",
        description="Draws pairs of a run's views, estimates the cross-view correlation of every labeled task, and "
        "prints what a linear encoder would keep beside the accuracy that was measured.",
    )
    predict.add_argument("folder", type=Path, metavar="RUN", help="folder of a trained run")
    predict.add_argument("--dim", type=in_bounds(Width), help="embedding dimension (default: that of the run's loss)")
    predict.add_argument("--temperature", type=in_bounds(Positive), help="temperature (default: that of the run)")
    predict.add_argument("--pairs", type=in_bounds(Count), default=4096, help="number of pairs of views (%(default)s)")
    predict.add_argument(
        "--components",
        type=in_bounds(Width),
        default=64,
        help="number of principal components of the views (%(default)s)",
    )
    predict.set_defaults(run=_predict)
    return parser


def _demo_help() -> str:
    return "\n".join(f"{name:<18} {demos.summary(name)}" for name in demos.MODULES)


def _headline(options: argparse.Namespace) -> None:
    """Runs two panels of the capacity demonstration, and the phase diagram."""
    seeds = options.seeds or 20
    _write(capacity.run(seeds, True, points=13, losses=["infonce_dot", "infonce"]), options.out)
    _write(phase.run(2, True), options.out)


def _demo(options: argparse.Namespace) -> None:
    for name in demos.MODULES if options.name == "all" else [options.name]:
        _write(demos.run(name, options.seeds, progress=True), options.out)


def _write(demo: demos.Demo, out: Path) -> None:
    paths = demo.write(out)
    print("\n".join([f"\n{demo.name}", *(f"  {line}" for line in demo.lines), *(f"  → {path}" for path in paths)]))


def _dose(options: argparse.Namespace) -> None:
    from linear_model.dose import run  # likewise

    run(options)


def _predict(options: argparse.Namespace) -> None:
    from linear_model.prediction import predict_run  # needs the whole framework, and this command alone does

    lines, table = predict_run(options.folder, options.dim, options.temperature, options.pairs, options.components)
    path = options.out / f"predict_{options.folder.resolve().name}.csv"
    table.write(path)
    print("\n".join([*lines, f"→ {path}"]))
