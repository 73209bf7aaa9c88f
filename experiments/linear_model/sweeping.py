"""The command ``sweep``: trains over a grid."""

import argparse
import sys
import warnings
from pathlib import Path
from typing import get_args

import numpy as np

from theory import FeatureGroup, GroupModel
from theory.losses.info_nce import InfoNCE
from theory.losses.loss import Loss
from theory.losses.quadratic import CovarianceContrast, Spectral
from theory.model.canonical import CAPACITY
from theory.model.groups import Mode
from theory.plots import save_figure
from theory.simulation.optimization import Optimization
from theory.sweeps.plots import plot_sweep
from theory.sweeps.sweep import sweep
from viewlearn.bounds import Count, CountOrZero, NonNegative, Positive, Width
from viewlearn.script_parser import in_bounds

DESCRIPTION = (
    "Trains every cell of a grid over seeds; a sweep that was stopped goes on. Axes are given as NAME=START:STOP:COUNT "
    "or NAME=VALUE,VALUE,… with NAME one of GROUP.destroy, GROUP.strength, GROUP.mode, GROUP.views, noise, "
    "shared_noise, noise_dims, dim, temperature, batch_size."
)
LOSSES = ("spectral", "covariance", "infonce", "infonce-dot", "infonce-both-views")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument("--x", type=_axis, required=True, metavar="AXIS", help="horizontal axis")
    parser.add_argument("--y", type=_axis, metavar="AXIS", help="second axis, for a phase diagram")
    parser.add_argument(
        "--group",
        type=_group,
        action="append",
        metavar="NAME=A1,A2,…[:MODE[:P]]",
        help="feature group: strengths, how views lose it (resample, zero, gauss), and the destroy probability; "
        "once per group (default: A and B of the capacity demonstration)",
    )
    parser.add_argument("--noise", type=in_bounds(NonNegative), default=1.0, help="noise of each view (%(default)s)")
    parser.add_argument(
        "--shared_noise",
        type=in_bounds(NonNegative),
        default=0.0,
        help="noise that both views share (%(default)s)",
    )
    parser.add_argument(
        "--noise_dims",
        type=in_bounds(CountOrZero),
        default=8,
        help="number of directions without features (%(default)s)",
    )
    parser.add_argument("--loss", choices=LOSSES, default="infonce", help="loss (%(default)s, which is cosine)")
    parser.add_argument(
        "--temperature",
        type=in_bounds(Positive),
        help="temperature of InfoNCE (default 0.2; a dot product only rescales by it)",
    )
    parser.add_argument(
        "--batch_size",
        type=in_bounds(Count),
        help="number of pairs in a batch (default 128; spectral 256)",
    )
    parser.add_argument(
        "--dim",
        type=in_bounds(Width),
        help="embedding dimension (default: the size of the largest group)",
    )
    parser.add_argument("--steps", type=in_bounds(Count), default=600, help="number of optimizer steps (%(default)s)")
    parser.add_argument(
        "--readout",
        type=in_bounds(NonNegative),
        help="read-out noise of the probe (default 0; 0.1 without a bottleneck)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, … (%(default)s)")


def run(options: argparse.Namespace) -> None:
    """Trains over the grid and writes its table, settings and figure."""
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
        Optimization(options.steps),
        seeds=options.seeds or 5,
        readout=options.readout,
        device=options.device,
        out=out,
        progress=True,
    )
    figure = plot_sweep(table, model, [axis[0] for axis in (options.x, options.y) if axis], loss)
    print(f"{out / 'sweep.csv'}\n{out / 'settings.json'}\n{save_figure(figure, out / 'sweep.png')}")


def _loss(options: argparse.Namespace) -> Loss:
    batch = {} if options.batch_size is None else {"batch_size": options.batch_size}
    if options.loss in ("spectral", "covariance"):
        if options.temperature is not None:
            raise ValueError(f"the {options.loss} loss has no temperature")
        return (Spectral if options.loss == "spectral" else CovarianceContrast)(**batch)
    similarity = "dot" if options.loss == "infonce-dot" else "cosine"
    candidates = "both views" if options.loss == "infonce-both-views" else "other view"
    return InfoNCE(options.temperature, similarity, candidates, **batch)


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
            f"{text!r} is not an axis: write NAME=START:STOP:COUNT or NAME=VALUE,VALUE,…"
        ) from None


def _group(text: str) -> FeatureGroup:
    name, _, rest = text.partition("=")
    strengths, *others = rest.split(":")
    try:
        values = tuple(float(value) for value in strengths.split(","))
        destroy = float(others[1]) if len(others) > 1 else 0.0
        return FeatureGroup(name, values, destroy, _mode(others[0]) if others else "resample")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _mode(text: str) -> Mode:
    modes: dict[str, Mode] = {mode: mode for mode in get_args(Mode)}
    if text not in modes:
        raise ValueError(f"mode must be {' or '.join(modes)}, not {text!r}")
    return modes[text]
