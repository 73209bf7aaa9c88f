"""Embeds a folder of files by a run's encoder: ``python -m viewlearn.embed runs/NAME DIR --out features.npy``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, get_args, runtime_checkable

import numpy as np
from jsonargparse import Namespace

from viewlearn.bounds import Count, SmallCountOrZero
from viewlearn.data import Data, DataSpec, Split, Unreadable
from viewlearn.endings import plain_endings
from viewlearn.evaluation.probes.features import Extraction, extract_features
from viewlearn.files import write_text, writing
from viewlearn.runs import RunFolder, load, load_components, make_parser
from viewlearn.runs.loading import must_be_configured
from viewlearn.runs.names import imported
from viewlearn.runs.provenance import program
from viewlearn.runs.signatures import parameters_of
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.threads import set_threads
from viewlearn.training import make_accelerator
from viewlearn.training.hardware import choose_precision

DESCRIPTION = """Embeds every file of a folder by the encoder of a finished run.

Writes the features as a NumPy array (num_files, num_features) in float32, and the names of the files beside it, one a
line in the same order: features.npy and features.txt. Both are read without running anything they hold.

Images are read as the run's were: their shorter side resized to its size, and the center cut out; sounds are cut or
padded to the run's clips, with its spectrograms. The run's own data needn't be there.
"""
READERS = {"image": "vision.ImageFolder", "sound": "audio.AudioFolder"}
OWN = ("overlay", "planes", "labels", "pattern", "table", "test_pattern", "unmatched", "disjoint", "recordings")


@runtime_checkable
class FileData(Protocol):
    """Data whose samples are files."""

    def paths(self, split: Split) -> list[Path]: ...


def main(argv: Sequence[str] | None = None) -> None:
    """Does what a command line asks; a user's mistake ends it with one line.

    Args:
        argv: Command line; None for the process's own.
    """
    arguments = _make_parser().parse_args(sys.argv[1:] if argv is None else argv)
    with plain_endings(ValueError, OSError):
        load_components()
        set_threads(arguments.threads)
        num, width = embed(
            arguments.run,
            arguments.folder,
            arguments.out,
            arguments.unreadable,
            _extraction(arguments),
            arguments.trust,
        )
    print(f"features: {arguments.out} ({num} files, {width} features)\nnames:    {names_beside(arguments.out)}")


def embed(
    run: str | Path,
    folder: str | Path,
    out: str | Path,
    unreadable: Unreadable = "stop",
    extraction: Extraction = Extraction(),
    trust: bool = False,
) -> tuple[int, int]:
    """Embeds every file of a folder by a run's encoder, and writes features and file names.

    Args:
        run: Folder of the run.
        folder: Folder of images, or of sounds for a run on sounds, with or without folders in it.
        out: File of the features, ``.npy``; names of the files, relative to the folder, go to ``.txt`` beside it.
        unreadable: Whether a file that can't be read stops everything, or is skipped with a warning.
        extraction: Batch size, device and precision.
        trust: Whether the run's folder may name classes of any package, see ``viewlearn.load``.

    Returns:
        The numbers of files and of features.

    Raises:
        ValueError: No finished run, no readable files, another suffix than ``.npy``, or a file name that breaks a line.
    """
    out = Path(out)
    if out.suffix != ".npy":
        raise ValueError(f"{out} isn't a .npy file")
    encoder = load(run, trust)
    data = _reader(RunFolder(run), Path(folder), unreadable, trust)
    assert isinstance(data, FileData)
    features, names = [], []
    for split in get_args(Split):  # a folder with folders train and test has several
        paths = data.paths(split)
        if paths:
            made = extract_features(encoder, data.split(split), data.pipeline(), extraction)
            features.append(made.x.numpy())
            names += [path.relative_to(folder).as_posix() for path in paths]
    broken = [name for name in names if len(name.splitlines()) != 1]
    if broken:
        raise ValueError(f"the file name {broken[0]!r} breaks a line; rename the file")
    values = np.concatenate(features)
    with writing(out) as temporary, temporary.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    write_text(names_beside(out), "".join(f"{name}\n" for name in names))
    return values.shape[0], values.shape[1]


def names_beside(out: Path) -> Path:
    """The file of names that belongs to a file of features."""
    return out.with_suffix(".txt")


def _reader(folder: RunFolder, files: Path, unreadable: Unreadable, trust: bool) -> Data:
    """Makes data of a folder of files, read as the run's own data were."""
    folder.must_be_run()
    must_be_configured(folder)
    spec, parser = folder.load_spec(), make_parser()
    config = parser.read(folder.config, trust, ["data"])
    path = READERS[_kind(spec)]
    named = parameters_of(imported(path)).keys() - set(OWN)
    arguments = {name: value for name, value in vars(config.data.init_args).items() if name in named}
    arguments |= {"root": str(files), "validation_fraction": 0.0, "test_fraction": 0.0, "unreadable": unreadable}
    arguments |= {"min_seconds": 0.0} if _kind(spec) == "sound" else {"size": spec.shape[1]}
    init_args = Namespace(**{name: value for name, value in arguments.items() if name in named})
    return parser.instantiate(Namespace(data=Namespace(class_path=path, init_args=init_args))).data


def _kind(spec: DataSpec) -> str:
    return "image" if spec.sample_rate is None else "sound"


def _extraction(arguments: argparse.Namespace) -> Extraction:
    device = make_accelerator(arguments.device, "fp32").device
    return Extraction(
        batch_size=arguments.batch_size, device=device, mixed_precision=choose_precision(arguments.precision, device)
    )


def _make_parser() -> argparse.ArgumentParser:
    parser = ScriptParser(program(), description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("run", type=Path, help="folder of a finished run")
    add("folder", type=Path, help="folder of the files")
    add("--out", type=Path, default=Path("features.npy"), help="file of the features (default: features.npy)")
    add("--unreadable", choices=get_args(Unreadable), default="stop", help="files that can't be read (default: stop)")
    add("--batch_size", type=in_bounds(Count), default=256, help="files per forward pass (default: 256)")
    add("--device", default="auto", help="auto, cpu, cuda, … (default: auto)")
    add(
        "--precision", choices=["auto", "fp32", "bf16"], default="fp32", help="precision of the encoder (default: fp32)"
    )
    add("--threads", type=in_bounds(SmallCountOrZero), default=0, help="CPU threads; 0: all cores")
    add("--trust", action="store_true", help="let the run name classes of any package, see docs/safety.md")
    return parser


if __name__ == "__main__":
    main()
