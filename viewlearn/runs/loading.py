"""Getting a trained encoder back from its run folder."""

from pathlib import Path

from safetensors.torch import load_file

from viewlearn.encoders import Encoder
from viewlearn.runs.build import build_encoder
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.parser import make_parser


def load(path: str | Path) -> Encoder:
    """The trained encoder of a run, on the CPU and in evaluation mode; neither data nor views are needed.

        encoder = viewlearn.load("runs/NAME")
        features = encoder(images)        # (batch, channel, height, width) in [0, 1] → (batch, num_features)

    Reads ``config.yaml``, ``data.json`` and ``encoder.safetensors``; nothing is unpickled. An encoder class of your
    own is imported by the path that the configuration names.

    Args:
        path: the run's folder.

    Raises:
        ValueError: no run folder, or one that has no trained encoder yet.
    """
    folder = RunFolder(path)
    folder.must_be_run()
    if not folder.encoder.is_file():
        raise ValueError(f"{path} has no {folder.encoder.name} yet: let the run finish, by --resume {path}")
    parser = make_parser("")
    encoder = build_encoder(parser, parser.parse_args(["--config", str(folder.config)]), folder.load_spec())
    encoder.load_state_dict(load_file(folder.encoder))
    return encoder.eval()
