"""From a run's folder back to what was trained."""

from collections.abc import Callable
from pathlib import Path

from jsonargparse import Namespace
from torch import Tensor, nn

from viewlearn.data import Data
from viewlearn.encoders import Encoder
from viewlearn.runs.build import Parts, build, build_data, build_encoder
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.parser import Parser, make_parser


def load(path: str | Path) -> Encoder:
    """Loads the trained encoder of a run, on the CPU and in evaluation mode; neither data nor views are needed.

    ::

        encoder = viewlearn.load("runs/NAME")
        features = encoder(images)        # (batch, channel, height, width) in [0, 1] → (batch, num_features)

    Reads ``config.yaml``, ``data.json`` and ``encoder.safetensors``; nothing is unpickled. An encoder class of your
    own is imported by the path that the configuration names.

    Args:
        path: Folder of the run.

    Raises:
        ValueError: No run folder, or one that has no trained encoder yet, or files that are damaged.
    """
    folder = RunFolder(path)
    folder.must_be_run()
    weights = folder.load_encoder()
    parser = make_parser()
    encoder = build_encoder(parser, parser.read(folder.config), folder.load_spec())
    _fill(encoder, weights, folder.encoder)
    return encoder.eval()


def load_run(
    parser: Parser, folder: RunFolder, make_data: Callable[[Parser, Namespace], Data] = build_data
) -> tuple[Namespace, Parts]:
    """Rebuilds a run from its folder: its configuration, its data, and its newest weights.

    Args:
        parser: Parser of runs.
        folder: Folder of the run.
        make_data: Makes the data of a configuration; where several runs share them, it may keep them.

    Raises:
        ValueError: No run folder, no whole checkpoint in it, or data that aren't where they were.
    """
    folder.must_be_run()
    config = parser.read(folder.config)
    newest = folder.load_newest_checkpoint()
    if newest is None:
        raise ValueError(f"{folder.path} has no whole checkpoint: let the run go on, by --resume {folder.path}")
    parts = build(parser, config, make_data(parser, config))
    _fill(parts.method, newest[1]["method"], folder.checkpoints)
    return config, parts


def _fill(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {path} don't fit the configuration beside them: {error}") from error
