"""Published ResNet checkpoints: from a local file into an encoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from viewlearn.encoders import Backbone
from viewlearn.encoders.resnet import IMAGENET
from viewlearn.encoders.weights import CONTAINERS, PREFIXES, reach, read_checkpoint

Normalization = Literal["imagenet", "none"]


def load_published(path: str | Path, name: str = "resnet50", normalization: Normalization = "imagenet") -> Backbone:
    """Builds a torchvision ResNet with the weights of a published checkpoint.

    It reads the files of MoCo (v1 to v3), VISSL (PIRL, SimCLR, …), PyContrast, the PIRL reproduction that
    Purushwalkam & Gupta measured, SimCLR converted from TensorFlow, and torchvision's own supervised models: in
    general, every file that keeps torchvision's parameter names behind a common prefix. Heads, queues, momentum
    encoders and optimizer states are left out. Only tensors and plain containers are unpickled.

    Args:
        path: File as written by ``torch.save`` (``.pth``, ``.pth.tar``, ``.torch``, …), or ``.safetensors``.
        name: torchvision's name of the architecture.
        normalization: "imagenet" mean and std, or "none" for SimCLR's TensorFlow models, which read [0, 1].

    Returns:
        An encoder of images in [0, 1], in evaluation mode; its features are the average pool before ``fc``.

    Raises:
        ValueError: There is no such file, it contains more than tensors and plain containers, or its weights have
            unknown names or belong to another architecture.
    """
    if normalization not in ("imagenet", "none"):
        raise ValueError(f"normalization is {normalization!r}; it must be 'imagenet' or 'none'")
    weights = trunk_weights(read_checkpoint(path), path)
    mean, std = IMAGENET if normalization == "imagenet" else ((0.0,) * 3, (1.0,) * 3)
    stem = "small" if weights["conv1.weight"].shape[-1] == 3 else "imagenet"
    encoder = Backbone(name, stem=stem, channels=3, size=(224, 224), mean=mean, std=std)
    _fill(encoder.network, weights, name, path)
    return encoder.eval()


def trunk_weights(checkpoint: Mapping, path: str | Path = "the checkpoint") -> dict[str, Tensor]:
    """Finds the backbone's parameters and gives them torchvision's names; ``fc`` and heads are left out.

    Raises:
        ValueError: No known prefix precedes both ``conv1.weight`` and ``layer4.0.conv1.weight``.
    """
    for container in CONTAINERS:
        state = reach(checkpoint, container)
        for prefix in PREFIXES:
            stem, last = f"{prefix}conv1.weight", f"{prefix}layer4.0.conv1.weight"
            if state is not None and stem in state and last in state:
                bare = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
                return {key: value for key, value in bare.items() if key.startswith(("conv1.", "bn1.", "layer"))}
    found = sorted(_parameters(checkpoint))
    raise ValueError(
        f"{path} has no ResNet under a known prefix ({', '.join(prefix or 'none' for prefix in PREFIXES)}); "
        f"its parameters are: {', '.join(found[:5]) or 'none'}" + (" …" if len(found) > 5 else "")
    )


def _parameters(checkpoint: Mapping, prefix: str = "") -> list[str]:
    names = []
    for key, value in checkpoint.items():
        if isinstance(value, Tensor):
            names.append(f"{prefix}{key}")
        elif isinstance(value, Mapping):
            names.extend(_parameters(value, f"{prefix}{key}/"))
    return names


def _fill(network: nn.Module, weights: dict[str, Tensor], name: str, path: str | Path) -> None:
    own = network.state_dict()
    # BatchNorm's counters, which evaluation doesn't read, are missing from checkpoints older than PyTorch 0.4.1.
    missing = [key for key in own if key not in weights and not key.endswith("num_batches_tracked")]
    extra = [key for key in weights if key not in own]
    shapes = [key for key in weights if key in own and weights[key].shape != own[key].shape]
    if missing or extra or shapes:
        raise ValueError(
            f"{path} doesn't fit {name}: {len(missing)} parameters missing, {len(extra)} too many, {len(shapes)} of "
            f"another shape (first: {', '.join([*missing, *extra, *shapes][:3])}); give its architecture by name"
        )
    network.load_state_dict(weights, strict=False)
