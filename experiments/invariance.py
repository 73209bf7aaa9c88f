"""Which transformations do encoders ignore? Every measure with its permutation null, as JSON, tables and figures.

    python experiments/invariance.py runs/A runs/B --images photos --out invariance
    python experiments/invariance.py moco=moco_v2_200ep.pth.tar --sets aloi --root aloi_red2_view/png2 --out out

An encoder is a run's folder, a published checkpoint (NAME=FILE; architecture and normalisation by --arch and
--normalization), or "random" (the first run's architecture with fresh weights). Sets are:

* synthetic (the default): images of --images (a folder CLASS/IMAGE, or {train,test}/CLASS/IMAGE, of which test is
  taken) under occlusion, rotation, hue, saturation, light, exposure and scale; with curves over the same factors;
* solids: rendered 3-D solids under viewpoint, light and instance;
* aloi, coil100, got10k, pascal3d-instance, pascal3d-viewpoint: the real collections, below --root.

A score is worth what it exceeds its null by: tables show ``score (null mean) excess in null standard deviations``.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

import audio  # noqa: F401  (classes that a run's configuration may name)
import viewlearn
import vision  # noqa: F401
from viewlearn.data import ArrayDataset, Dataset
from viewlearn.evaluation import extract_features, reinitialised
from viewlearn.evaluation.invariance import invariance_curve, layout_of, measure_invariance, table, vary
from viewlearn.evaluation.invariance.published import load_published
from viewlearn.plots.invariance import invariance_bars, invariance_curves
from viewlearn.views.decode import ToFloat
from vision.image_sets import images_in, read_square, sample_sets
from vision.image_sets_factors import synthetic_factors
from vision.image_sets_layouts import aloi, coil100, got10k, pascal3d
from vision.solids_sets import VARYING, solid_sets
from vision.video.data import background_crops

SETS = ("synthetic", "solids", "aloi", "coil100", "got10k", "pascal3d-instance", "pascal3d-viewpoint")
MEASURES = ("RIS released top-10", "RIS formula top-10", "variance ratio", "whitened cosine")


def main() -> None:
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    try:
        encoders = dict(load(name, arguments) for name in arguments.encoders if name != "random")
        if "random" in arguments.encoders:
            if not encoders:
                raise ValueError("random takes the architecture of another encoder; name one")
            encoders["random"] = reinitialised(next(iter(encoders.values())), arguments.seed)
        reports, curves = measure(encoders, arguments)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error
    arguments.out.mkdir(parents=True, exist_ok=True)
    plain = {e: {s: {m: t.as_dict() for m, t in r.items()} for s, r in sets.items()} for e, sets in reports.items()}
    settings = {name: str(value) for name, value in vars(arguments).items()}
    results = {"settings": settings, "reports": plain, "curves": curves}
    (arguments.out / "invariance.json").write_text(json.dumps(results, indent=1))
    for name in MEASURES:
        print(f"\n{table(reports, name)}")
        invariance_bars(arguments.out / f"{name.replace(' ', '_')}.png", plain, name)
    if any(curves.values()):
        invariance_curves(arguments.out / "curves.png", curves)
    print(f"\nresults: {arguments.out}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="+", help="run folders, NAME=CHECKPOINT, or random")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["synthetic"], help="what is measured on")
    parser.add_argument("--images", type=Path, help="images for synthetic sets")
    parser.add_argument("--root", type=Path, help="folder of a real collection")
    parser.add_argument("--out", type=Path, required=True, help="folder for results")
    parser.add_argument("--size", type=int, default=32, help="of images in pixels (default: 32)")
    parser.add_argument("--num-images", type=int, default=500, help="images that synthetic sets are made of")
    parser.add_argument("--max-sets", type=int, help="random sets to take of a real collection (default: all)")
    parser.add_argument("--permutations", type=int, default=100, help="of the null")
    parser.add_argument("--within", choices=("all", "class"), default="all", help="where the null deals images to")
    parser.add_argument("--arch", default="resnet50", help="of published checkpoints")
    parser.add_argument("--normalization", choices=("imagenet", "none"), default="imagenet", help="of the same")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def load(name: str, arguments: argparse.Namespace) -> tuple[str, nn.Module]:
    """A named encoder, on the device."""
    label, separator, file = name.partition("=")
    if separator:
        encoder = load_published(file, arguments.arch, arguments.normalization)
    else:
        encoder, label = viewlearn.load(name), Path(name).name
    return label, encoder.to(arguments.device)


def measure(encoders: dict[str, nn.Module], arguments: argparse.Namespace) -> tuple[dict, dict]:
    """``{encoder: {sets: report}}`` and ``{encoder: {factor: curve}}``."""
    reports, curves = {name: {} for name in encoders}, {name: {} for name in encoders}
    for label, data in collections(arguments):
        for name, encoder in encoders.items():
            features = extract_features(encoder, data, ToFloat(), device=arguments.device)
            aligned = label not in ("got10k", "pascal3d-instance", "pascal3d-viewpoint")
            levels = features.labels["level"] if aligned else None
            layout = layout_of(features.labels)
            reports[name][label] = measure_invariance(
                features.x, layout, levels, (10, 25), arguments.permutations, arguments.within, arguments.seed
            )
        print(f"measured {label}", flush=True)
    if "synthetic" in arguments.sets:
        x, _ = images_of(arguments)
        x = x.to(arguments.device)
        for name, encoder in encoders.items():
            for factor_name, (factor, values, neutral) in synthetic_factors().items():
                curve = invariance_curve(encoder, x, factor, values, neutral, seed=arguments.seed)
                curves[name][factor_name] = curve.as_dict()
    return reports, curves


def collections(arguments: argparse.Namespace) -> Iterator[tuple[str, Dataset]]:
    """The sets that were asked for, by name."""
    if "synthetic" in arguments.sets:
        x, classes = images_of(arguments)
        for name, (factor, values, _) in synthetic_factors().items():
            yield name, ArrayDataset(*vary(x, classes, factor, values, arguments.seed))
    if "solids" in arguments.sets:
        backgrounds = background_crops(64, arguments.size, arguments.seed)
        for varying in VARYING:
            yield f"solids: {varying}", solid_sets(varying, 20, 12, arguments.size, backgrounds, arguments.seed)
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
        yield name, sets if arguments.max_sets is None else sample_sets(sets, arguments.max_sets, arguments.seed)


def images_of(arguments: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Float images ``(num, 3, size, size)`` and their classes, as many of each class."""
    if arguments.images is None:
        raise ValueError("synthetic sets need --images, a folder CLASS/IMAGE")
    root = arguments.images / "test" if (arguments.images / "test").is_dir() else arguments.images
    folders = sorted(path for path in root.iterdir() if path.is_dir())
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
