"""Weights of a network from a local file, whoever wrote it."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

CONTAINERS = ("classy_state_dict.base_model.model.trunk", "state_dict", "model", "")
"""Where a file keeps its weights, in this order: VISSL; MoCo and most others; PyContrast; torchvision."""

PREFIXES = (
    "module.encoder_q.",  # MoCo v1 and v2
    "encoder_q.",
    "module.base_encoder.",  # MoCo v3
    "_feature_blocks.",  # VISSL, its PIRL and SimCLR among them
    "module.encoder.",
    "encoder.",
    "backbone.",
    "module.",
    "",  # torchvision, timm, and SimCLR's checkpoints as converted from TensorFlow
)
"""What a file's authors put before a network's parameter names; the first prefix that fits is taken."""

OWN_PREFIX = "network."  # of encoders that runs export


def read_checkpoint(path: str | Path) -> Mapping:
    """Reads a file of weights; only tensors and plain containers are unpickled.

    Args:
        path: File as written by ``torch.save`` (``.pth``, ``.pth.tar``, ``.torch``, …), or ``.safetensors``.

    Raises:
        ValueError: There is no such file, it can't be read, or it contains more than tensors and plain containers.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ValueError(
            f"{path} contains more than tensors and plain containers, and loading it could run any code: {error}. "
            "If you trust it, load it yourself and save its state dict again."
        ) from error
    except (SafetensorError, RuntimeError, EOFError) as error:  # a torn file
        raise ValueError(f"{path} can't be read: {error}") from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f"{path} contains a {type(checkpoint).__name__}, not a dict of parameters")
    return checkpoint


def reach(checkpoint: Mapping, dotted: str) -> Mapping | None:
    """Returns the mapping under a dotted key of nested ones; None if there is none."""
    for key in dotted.split(".") if dotted else ():
        if not isinstance(checkpoint, Mapping) or key not in checkpoint:
            return None
        checkpoint = checkpoint[key]
    return checkpoint if isinstance(checkpoint, Mapping) else None


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Gives a network the weights in a file, which may hold more, such as a classifier, heads or a queue.

    The file may be an encoder that a run has exported, or of any library that keeps the network's own parameter names
    behind a common prefix.

    Args:
        network: Network to fill; all its weights must be in the file. BatchNorm's counters may be missing.
        path: File, see ``read_checkpoint``.

    Raises:
        ValueError: As for ``read_checkpoint``; weights that are missing, or of another shape.
    """
    checkpoint = read_checkpoint(path)
    own = network.state_dict()
    needed = [name for name in own if not name.endswith("num_batches_tracked")]
    lacking = needed
    for container in CONTAINERS:
        state = reach(checkpoint, container)
        if state is None:
            continue
        for prefix in (OWN_PREFIX, *PREFIXES):
            found = {name: state[prefix + name] for name in own if isinstance(state.get(prefix + name), Tensor)}
            missing = [name for name in needed if name not in found]
            if not missing:
                other = [name for name, value in found.items() if value.shape != own[name].shape]
                if other:
                    shapes = f"{tuple(found[other[0]].shape)}, not {tuple(own[other[0]].shape)}"
                    raise ValueError(f"{path} doesn't fit: {other[0]} has shape {shapes} (and {len(other) - 1} others)")
                network.load_state_dict(found, strict=False)
                return
            lacking = min(lacking, missing, key=len)
    raise ValueError(
        f"{path} lacks {len(lacking)} of the network's {len(needed)} weights, such as {', '.join(lacking[:3])}: it is "
        "of another architecture, or names its weights otherwise"
    )
