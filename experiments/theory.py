"""The linear feature-suppression model: figures, sweeps and demonstrations.

    python experiments/theory.py                      the headline figure and the phase diagram
    python experiments/theory.py sweep --x A.destroy=0:0.9:19 --loss infonce --temperature 0.2 --seeds 20
    python experiments/theory.py demo capacity        or norm-competition, adversary, finite-sample, dynamics, …
    python experiments/theory.py predict runs/NAME    which factor a real run should lose, beside what it lost

Every command writes figures (PNG), tidy tables (CSV) and settings (JSON) into --out, by default runs/theory.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

# First on the path, a script's folder would hide the package that this file is named after; last, it still holds
# this script's siblings.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

import numpy as np
import torch

from theory import FeatureGroup, GroupModel, demos
from theory.losses.losses import CovarianceContrast, InfoNCE, Loss, Spectral
from theory.model.canonical import CAPACITY
from theory.plots import save
from theory.sweeps.plots import sweep_figure
from theory.sweeps.sweep import sweep

LOSSES = ("spectral", "covariance", "infonce", "infonce-dot", "infonce-both-views")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        options.run(options)
    except ValueError as error:
        sys.exit(f"theory.py: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on where it was")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--out", type=Path, default=Path("runs/theory"), help="folder for what is written (%(default)s)"
    )
    common.add_argument("--seeds", type=int, help="runs per cell (default: what the command says)")
    common.add_argument("--threads", type=int, default=1, help="CPU threads (%(default)s; products are small)")
    parser = argparse.ArgumentParser(prog="theory.py", description=__doc__, formatter_class=raw, parents=[common])
    parser.set_defaults(run=_headline)
    commands = parser.add_subparsers(title="commands", metavar="")
    _add_sweep(commands, common)
    demo = commands.add_parser("demo", parents=[common], help="one demonstration", description=_demo_help())
    demo.formatter_class = raw
    demo.add_argument("name", choices=[*demos.NAMES, "all"], metavar="NAME", help=", ".join([*demos.NAMES, "all"]))
    demo.set_defaults(run=_demo)
    _add_predict(commands, common)
    return parser


def _demo_help() -> str:
    return "\n".join(f"{name:<18} {demos.summary(name)}" for name in demos.NAMES)


def _add_sweep(commands, common) -> None:
    command = commands.add_parser(
        "sweep",
        parents=[common],
        help="train over a grid",
        description="Trains every cell of a grid over seeds; a sweep that was stopped goes on. Axes are given as "
        "NAME=START:STOP:COUNT or NAME=VALUE,VALUE,… with NAME one of GROUP.destroy, GROUP.strength, GROUP.mode, "
        "GROUP.views, noise, shared_noise, noise_dims, dim, temperature, batch_size.",
    )
    command.add_argument("--x", type=_axis, required=True, metavar="AXIS", help="horizontal axis")
    command.add_argument("--y", type=_axis, metavar="AXIS", help="second axis: a phase diagram")
    command.add_argument(
        "--group",
        type=_group,
        action="append",
        metavar="NAME=A1,A2,…[:MODE[:P]]",
        help="a feature group: strengths, how views lose it (resample, zero, gauss), and the destroy probability; "
        "once per group (default: the capacity demonstration's A and B)",
    )
    command.add_argument("--noise", type=float, default=1.0, help="noise of each view (%(default)s)")
    command.add_argument("--shared-noise", type=float, default=0.0, help="noise that both views share (%(default)s)")
    command.add_argument("--noise-dims", type=int, default=8, help="directions without features (%(default)s)")
    command.add_argument("--loss", choices=LOSSES, default="infonce", help="default %(default)s; infonce is cosine")
    command.add_argument(
        "--temperature", type=float, help="of InfoNCE (default 0.2; a dot product only rescales by it)"
    )
    command.add_argument("--batch-size", type=int, help="pairs in a batch (default 128; spectral 256)")
    command.add_argument("--dim", type=int, help="embedding dimension (default: the size of the largest group)")
    command.add_argument("--steps", type=int, default=600, help="optimizer steps (%(default)s)")
    command.add_argument(
        "--readout", type=float, help="read-out noise of the probe (default 0; 0.1 without bottleneck)"
    )
    command.add_argument("--device", default="cpu", help="cpu, cuda, … (%(default)s)")
    command.set_defaults(run=_sweep)


def _add_predict(commands, common) -> None:
    command = commands.add_parser(
        "predict",
        parents=[common],
        help="the model's prediction for a real run",
        description="Draws pairs of a run's views, estimates the cross-view correlation of every labeled task, and "
        "prints what a linear encoder would keep beside the accuracy that was measured.",
    )
    command.add_argument("folder", type=Path, metavar="RUN", help="the folder of a run that has been trained")
    command.add_argument("--dim", type=int, help="embedding dimension (default: that of the run's loss)")
    command.add_argument("--temperature", type=float, help="default: that of the run")
    command.add_argument("--pairs", type=int, default=4096, help="pairs of views (%(default)s)")
    command.add_argument("--components", type=int, default=64, help="principal components of views (%(default)s)")
    command.set_defaults(run=_predict)


def _predict(options) -> None:
    from theory_predict import predict  # needs the whole framework, and this command alone does

    lines, table = predict(options.folder, options.dim, options.temperature, options.pairs, options.components)
    path = options.out / f"predict_{options.folder.resolve().name}.csv"
    table.write(path)
    print("\n".join([*lines, f"→ {path}"]))


def _headline(options) -> None:
    """The default: one panel of the capacity demonstration, and the phase diagram."""
    seeds = options.seeds or 20
    _write(demos.run("capacity", seeds, True, points=13, losses=["infonce_dot", "infonce"]), options.out)
    _write(demos.run("phase-diagram", 2, True), options.out)


def _demo(options) -> None:
    for name in demos.NAMES if options.name == "all" else [options.name]:
        extra = {"seeds": options.seeds} if options.seeds else {}
        _write(demos.run(name, progress=True, **extra), options.out)


def _sweep(options) -> None:
    model = GroupModel(
        options.group or CAPACITY.groups, options.noise, options.shared_noise, noise_dims=options.noise_dims
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loss = _loss(options)
    for warning in caught:
        print(f"warning: {warning.message}", file=sys.stderr)
    grid = dict([options.y] if options.y else []) | dict([options.x])
    out = options.out if options.out != Path("runs/theory") else options.out / "sweep"
    table = sweep(
        model,
        grid,
        loss,
        options.dim,
        seeds=options.seeds or 5,
        num_steps=options.steps,
        readout=options.readout,
        device=options.device,
        out=out,
        progress=True,
    )
    figure = sweep_figure(table, model, [axis[0] for axis in (options.x, options.y) if axis], loss)
    print(f"{out / 'sweep.csv'}\n{out / 'settings.json'}\n{save(figure, out / 'sweep.png')}")


def _loss(options) -> Loss:
    batch = {} if options.batch_size is None else {"batch_size": options.batch_size}
    if options.loss in ("spectral", "covariance"):
        if options.temperature is not None:
            raise ValueError(f"the {options.loss} loss has no temperature")
        return (Spectral if options.loss == "spectral" else CovarianceContrast)(**batch)
    similarity = "dot" if options.loss == "infonce-dot" else "cosine"
    candidates = "both views" if options.loss == "infonce-both-views" else "other view"
    return InfoNCE(options.temperature, similarity, candidates, **batch)


def _write(demo: demos.Demo, out: Path) -> None:
    paths = demo.write(out)
    print("\n".join([f"\n{demo.name}", *(f"  {line}" for line in demo.lines), *(f"  → {path}" for path in paths)]))


def _axis(text: str) -> tuple[str, np.ndarray]:
    name, _, values = text.partition("=")
    try:
        if values.count(":") == 2:
            start, stop, count = values.split(":")
            return name, np.linspace(float(start), float(stop), int(count))
        items = values.split(",")
        if name.endswith((".mode", ".views", ".latent")):
            return name, np.array(items)
        return name, np.array([float(item) for item in items])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no axis: write NAME=START:STOP:COUNT or NAME=VALUE,VALUE,…"
        ) from None


def _group(text: str) -> FeatureGroup:
    name, _, rest = text.partition("=")
    strengths, *others = rest.split(":")
    try:
        values = tuple(float(value) for value in strengths.split(","))
        mode = others[0] if others else "resample"
        return FeatureGroup(name, values, float(others[1]) if len(others) > 1 else 0.0, mode)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


if __name__ == "__main__":
    main()
