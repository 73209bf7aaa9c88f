"""From a run's folder back to what was trained."""

from collections.abc import Callable
from pathlib import Path

from jsonargparse import Namespace
from torch import Tensor, nn

from viewlearn.data import Data
from viewlearn.encoders import Encoder
from viewlearn.runs.build import Parts, build, build_data, build_encoder
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.parser import Parser


def load(path: str | Path, trust: bool = False, encoder: Encoder | None = None) -> Encoder:
    """Loads the trained encoder of a run, on the CPU and in evaluation mode; neither data nor views are needed.

    ::

        encoder = viewlearn.load("runs/NAME")
        features = encoder(images)        # (batch, channel, height, width) in [0, 1] → (batch, num_features)

    Reads the encoder's part of ``config.yaml``, ``data.json`` and ``encoder.safetensors``; nothing is unpickled.

    Args:
        path: Folder of the run.
        trust: Whether the folder may name an encoder class of any package, which is imported, and so runs its code;
            without, of viewlearn, of packages that joined it, and of those that it builds on.
        encoder: Encoder that takes the weights, for a run that was started in Python, whose folder doesn't say how to
            build one; None builds it.

    Raises:
        ValueError: No run folder, or one that has no trained encoder yet, or files that are damaged, or an encoder
            class that isn't trusted (the message names it), or an encoder that the weights don't fit.
    """
    folder = RunFolder(path)
    folder.must_be_run()
    weights = folder.load_encoder()
    if encoder is None:
        must_be_configured(folder)
        parser = Parser()
        parser.add_subclass_arguments(Encoder, "encoder", required=True)
        config = without_first_weights(parser.read(folder.config, trust, ["encoder"]))
        encoder = build_encoder(parser, config, folder.load_spec())
    _fill(encoder, weights, folder.encoder)
    return encoder.eval()


def load_run(
    parser: Parser,
    folder: RunFolder,
    make_data: Callable[[Parser, Namespace], Data] = build_data,
    trust: bool = False,
) -> tuple[Namespace, Parts]:
    """Rebuilds a run from its folder: its configuration, its data, and its newest weights.

    Args:
        parser: Parser of runs.
        folder: Folder of the run.
        make_data: Makes the data of a configuration; where several runs share them, it may keep them.
        trust: Whether the folder may name classes of any package, as for ``load``.

    Raises:
        ValueError: No run folder, no whole checkpoint in it, data that aren't where they were, or a class that isn't
            trusted.
    """
    folder.must_be_run()
    must_be_configured(folder)
    config = parser.read(folder.config, trust)
    newest = folder.load_newest_checkpoint()
    if newest is None:
        raise ValueError(f"{folder.path} has no whole checkpoint: let the run go on, by --resume {folder.path}")
    parts = build(parser, without_first_weights(config), make_data(parser, config))
    _fill(parts.method, newest[1]["method"], folder.checkpoints)
    return config, parts


def without_first_weights(config: Namespace) -> Namespace:
    """The same configuration, whose encoder doesn't start from weights that would have to be downloaded or read."""
    config = config.clone()
    arguments = config.encoder.init_args
    for name, value in (("pretrained", False), ("checkpoint", None)):
        if name in arguments:
            arguments[name] = value
    return config


def must_be_configured(folder: RunFolder) -> None:
    """Checks that a run's folder says how its parts are built.

    Raises:
        ValueError: It doesn't, since the run was started in Python.
    """
    if not folder.config.is_file():
        raise ValueError(
            f"{folder.path} was started in Python, so it has no {folder.config.name} to build its parts from: go on by "
            "Trainer.fit(folder=…, resume=True), and load its encoder by viewlearn.load(path, encoder=…)"
        )


def _fill(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {path} don't fit the configuration beside them: {error}") from error
