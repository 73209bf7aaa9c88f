"""Which transformations do encoders ignore? Every measure with its permutation null, as JSON, tables and figures.

    python experiments/invariance.py runs/A runs/B random --images photos --out invariance
    python experiments/invariance.py A=runs/A-seed0 A=runs/A-seed1 B=runs/B-seed0 --images photos --out invariance
    python experiments/invariance.py moco=moco_v2_200ep.pth.tar --sets aloi --root aloi_red2_view/png2 --out out

An encoder is a run's folder, a published checkpoint (NAME=FILE; architecture and normalization by --arch and
--normalization), or "random" (the first encoder's architecture with fresh weights, as many times as the row with the
most seeds has). Encoders of one name are seeds of one row: means over them, ± their standard deviation. Sets are:

* synthetic (the default): images of --images (a folder CLASS/IMAGE, or {train,test}/CLASS/IMAGE, of which test is
  taken) under occlusion, rotation, hue, saturation, light, exposure and scale; --curves adds similarity against
  strength, of each row's first encoder;
* solids: rendered 3-D solids under viewpoint, light and instance;
* aloi, coil100, got10k, pascal3d-instance, pascal3d-viewpoint: the real collections, below --root.

A score is worth what it exceeds its null by: tables show ``score (null mean) excess in null standard deviations``.
invariance.json has every measure, invariance.md the tables.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

import viewlearn
from viewlearn.bounds import Count, Pixels, Seed, SmallCount
from viewlearn.data import ArrayDataset, Dataset
from viewlearn.endings import plain_endings
from viewlearn.evaluation import reinitialized
from viewlearn.evaluation.invariance import (
    Measured,
    invariance_curve,
    layout_of,
    measure_invariance,
    over_seeds,
    table,
    vary,
)
from viewlearn.evaluation.invariance.published import load_published
from viewlearn.evaluation.probes import Extraction, extract_features
from viewlearn.files import write_text
from viewlearn.plots.invariance import save_invariance_bars, save_invariance_curves
from viewlearn.runs.components import load_components
from viewlearn.runs.provenance import origin
from viewlearn.script_parser import ScriptParser, device_name, in_bounds
from viewlearn.threads import set_threads
from viewlearn.views.decode import ToFloat
from vision.files import images_in, read_square
from vision.image_sets import aloi, coil100, got10k, pascal3d, sample_sets, synthetic_variations
from vision.synthesis import background_crops
from vision.synthesis.solids import VARYING, solid_sets

SETS = ("synthetic", "solids", "aloi", "coil100", "got10k", "pascal3d-instance", "pascal3d-viewpoint")
MEASURES = ("RIS released top-10", "RIS formula top-10", "variance ratio", "whitened cosine")


def main() -> None:
    arguments = parse()
    set_threads(arguments.threads)
    with plain_endings(ValueError, OSError):
        load_components()
        arguments.out.mkdir(parents=True, exist_ok=True)
        encoders = load_all(arguments)
        rows, curves = measure(encoders, arguments)
    plain = {
        row: {name: {m: asdict(t) for m, t in r.items()} for name, r in sets.items()} for row, sets in rows.items()
    }
    settings = {name: str(value) for name, value in vars(arguments).items()}
    info = origin(torch.device(arguments.device))
    results = {"settings": settings, "info": info, "reports": plain, "curves": curves}
    tables = [table(rows, name) for name in MEASURES]
    write_text(arguments.out / "invariance.md", "\n\n".join(tables) + "\n")
    for name, text in zip(MEASURES, tables, strict=True):
        print(f"\n{text}")
        save_invariance_bars(arguments.out / f"{name.replace(' ', '_')}.png", plain, name)
    if any(curves.values()):
        save_invariance_curves(arguments.out / "curves.png", curves)
    # Last, as it says that all is there.
    write_text(arguments.out / "invariance.json", json.dumps(results, indent=1))
    print(f"\nresults: {arguments.out}")


def parse() -> argparse.Namespace:
    parser = ScriptParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="+", help="run folders, ROW=FOLDER, NAME=CHECKPOINT, or random")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["synthetic"], help="collections to measure on")
    parser.add_argument("--images", type=Path, help="folder of images for synthetic sets")
    parser.add_argument("--root", type=Path, help="folder of a real collection")
    parser.add_argument("--out", type=Path, required=True, help="folder to write results to")
    parser.add_argument(
        "--variations", nargs="+", choices=sorted(synthetic_variations()), help="variations of synthetic sets (all)"
    )
    parser.add_argument("--solids", nargs="+", choices=VARYING, default=VARYING, help="what solids vary in (all)")
    parser.add_argument("--curves", action="store_true", help="measure similarity against strength, too")
    parser.add_argument("--size", type=in_bounds(Pixels), default=32, help="size of images in pixels (default: 32)")
    parser.add_argument(
        "--num_images",
        type=in_bounds(Count),
        default=200,
        help="images that synthetic sets are made of (200)",
    )
    parser.add_argument(
        "--num_sets",
        type=in_bounds(Count),
        help="number of sets of solids (20), and of random sets of a real collection (all)",
    )
    parser.add_argument("--permutations", type=in_bounds(Count), default=50, help="permutations of the null (50)")
    parser.add_argument(
        "--within", choices=("all", "class"), default="all", help="among which sets the null deals images"
    )
    parser.add_argument("--arch", default="resnet50", help="architecture of published checkpoints")
    parser.add_argument(
        "--normalization",
        choices=("imagenet", "none"),
        default="imagenet",
        help="normalization of published checkpoints",
    )
    parser.add_argument("--device", default="cpu", type=device_name, help="cpu, cuda or mps (default: cpu)")
    parser.add_argument("--trust", action="store_true", help="let run folders name classes of any package")
    parser.add_argument("--seed", type=in_bounds(Seed), default=0, help="seed of all draws")
    parser.add_argument("--threads", type=in_bounds(SmallCount), default=1, help="CPU threads")
    return parser.parse_args()


def load_all(arguments: argparse.Namespace) -> dict[str, list[nn.Module]]:
    """Loads ``{row: encoders}``, those of a row being its seeds, in the order of the command line."""
    encoders: dict[str, list[nn.Module]] = {}
    for name in arguments.encoders:
        if name == "random":
            encoders["random"] = []
            continue
        label, path = row_and_path(name)
        if Path(path).is_dir() or path == name:
            encoder = viewlearn.load(path, arguments.trust)
        else:
            encoder = load_published(path, arguments.arch, arguments.normalization)
        encoders.setdefault(label, []).append(encoder.to(arguments.device))
    if "random" in encoders:
        trained = [seeds for seeds in encoders.values() if seeds]
        if not trained:
            raise ValueError("random takes the architecture of another encoder; name one")
        numbers = range(arguments.seed, arguments.seed + max(map(len, trained)))
        encoders["random"] = [reinitialized(trained[0][0], seed) for seed in numbers]
    return encoders


def row_and_path(text: str) -> tuple[str, str]:
    """Splits ``ROW=PATH``, in which both may have a "=", or names a path alone by its last part."""
    if Path(text).exists() or "=" not in text:
        return Path(text).name, text
    splits = [(text[:i], text[i + 1 :]) for i, letter in enumerate(text) if letter == "="]
    return next((split for split in splits if Path(split[1]).exists()), splits[0])


def measure(encoders: dict[str, list[nn.Module]], arguments: argparse.Namespace) -> tuple[dict, dict]:
    """Measures ``{row: {sets: means over seeds}}`` and ``{row: {variation: curve of the first seed}}``."""
    reports, curves = {row: {} for row in encoders}, {row: {} for row in encoders}
    for label, data in collections(arguments):
        for row, seeds in encoders.items():
            reports[row][label] = over_seeds([report(encoder, label, data, arguments) for encoder in seeds])
        print(f"measured {label}", flush=True)
    if arguments.curves and "synthetic" in arguments.sets:
        x = images_of(arguments)[0].to(arguments.device)
        for row, seeds in encoders.items():
            for name, (variation, values, neutral) in chosen_variations(arguments).items():
                curve = invariance_curve(seeds[0], x, variation, values, neutral, seed=arguments.seed)
                curves[row][name] = asdict(curve)
    return reports, curves


def report(encoder: nn.Module, label: str, data: Dataset, arguments: argparse.Namespace) -> Measured:
    """Takes every measure of one encoder on one collection."""
    features = extract_features(encoder, data, ToFloat(), Extraction(device=arguments.device))
    aligned = label not in ("got10k", "pascal3d-instance", "pascal3d-viewpoint")
    return measure_invariance(
        features.x,
        layout_of(features.labels),
        features.labels["level"] if aligned else None,
        num_permutations=arguments.permutations,
        within=arguments.within,
        seed=arguments.seed,
    )


def chosen_variations(arguments: argparse.Namespace) -> dict:
    """Picks the variations of ``synthetic_variations`` that were asked for."""
    return {name: value for name, value in synthetic_variations().items() if name in (arguments.variations or [name])}


def collections(arguments: argparse.Namespace) -> Iterator[tuple[str, Dataset]]:
    """Yields the sets that were asked for, by name."""
    if "synthetic" in arguments.sets:
        x, classes = images_of(arguments)
        for name, (variation, values, _) in chosen_variations(arguments).items():
            yield name, ArrayDataset(*vary(x, classes, variation, values, arguments.seed))
    if "solids" in arguments.sets:
        backgrounds = background_crops(64, arguments.size, arguments.seed)
        for varying in arguments.solids:
            num_sets = arguments.num_sets or 20
            yield f"solids: {varying}", solid_sets(varying, num_sets, 12, arguments.size, backgrounds, arguments.seed)
    loaders = {
        "aloi": aloi,
        "coil100": coil100,
        "got10k": got10k,
        "pascal3d-instance": lambda root, size: pascal3d(root, "instance", size),
        "pascal3d-viewpoint": lambda root, size: pascal3d(root, "instance and viewpoint", size),
    }
    for name in [name for name in arguments.sets if name in loaders]:
        if arguments.root is None:
            raise ValueError(f"--sets {name} needs --root, the folder that its archive unpacks to")
        sets = loaders[name](arguments.root, arguments.size)
        yield name, sets if arguments.num_sets is None else sample_sets(sets, arguments.num_sets, arguments.seed)


def images_of(arguments: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Reads float images ``(num, 3, size, size)`` and their classes, as many of each class."""
    if arguments.images is None:
        raise ValueError("synthetic sets need --images, a folder CLASS/IMAGE")
    root = arguments.images / "test" if (arguments.images / "test").is_dir() else arguments.images
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not folders:
        raise ValueError(f"there are no folders of images in {root}")
    each = -(-arguments.num_images // len(folders))
    images, classes = [], []
    for number, folder in enumerate(folders):
        for path in images_in(folder)[:each]:
            images.append(read_square(path, arguments.size))
            classes.append(number)
    return torch.stack(images).float() / 255, torch.tensor(classes)


if __name__ == "__main__":
    main()
