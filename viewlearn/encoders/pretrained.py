"""Networks of timm and torchvision by name, with random or pretrained weights and without classifier."""

from collections.abc import Callable
from typing import Any

from torch import nn

from viewlearn.encoders.counting import count_features
from viewlearn.encoders.resnet import IMAGENET, Made

NUM_CLASSES = 1000  # of torchvision's classifiers


def build_timm(name: str, channels: int, size: tuple[int, int], pretrained: bool = False) -> Made:
    """Makes a model of timm.

    Args:
        name: timm's name.
        channels: Number of channels of the input; timm adapts pretrained weights to them.
        size: Height and width of the input.
        pretrained: Whether its weights are timm's pretrained ones.

    Raises:
        ValueError: timm isn't installed, has no such model, or no weights for it.
    """
    try:
        import timm
    except ImportError as error:
        raise ValueError(f"encoder 'timm/{name}' needs timm, which isn't installed: pip install timm") from error
    if not timm.is_model(name):
        near = timm.list_models(f"{name[:6]}*")[:8]
        raise ValueError(f"timm has no model {name!r}; similar names: {', '.join(near) or 'none'}")
    if pretrained and not timm.is_model_pretrained(name):
        raise ValueError(f"timm has no pretrained weights for {name!r}; they are listed by timm.list_pretrained()")
    settings = {"pretrained": pretrained, "num_classes": 0, "in_chans": channels}
    create: Callable[..., Any] = timm.create_model  # its networks say more about themselves than Module does
    try:  # transformers fix their positional embedding to an image size; convolutional models don't know the argument
        network = create(name, img_size=size, **settings)
    except TypeError:
        network = create(name, **settings)
    stride = max((stage["reduction"] for stage in getattr(network, "feature_info", [])), default=1)
    about = network.pretrained_cfg
    statistics = (tuple(about["mean"]), tuple(about["std"])) if pretrained and channels == 3 else None
    return Made(network, network.num_features, stride, statistics)


def build_torchvision(name: str, channels: int, size: tuple[int, int], pretrained: bool = False) -> Made:
    """Makes a classifier of torchvision without its last linear layer.

    Args:
        name: torchvision's name.
        channels: Number of channels of the input, 3.
        size: Height and width of the input.
        pretrained: Whether its weights are torchvision's default ones, trained on ImageNet.

    Raises:
        ValueError: torchvision has no such classifier, it doesn't end in a linear layer, or other than 3 channels.
    """
    from torchvision import models

    names = models.list_models(module=models)
    if name not in names:
        near = [each for each in names if each[:5] == name[:5]][:8]
        raise ValueError(f"torchvision has no classifier {name!r}; similar names: {', '.join(near) or 'none'}")
    if channels != 3:
        raise ValueError(f"torchvision/{name} reads 3 channels, and samples have {channels}; timm adapts its models")
    # These two warn, unless told, that their initialization will change, and give several outputs in training.
    inception = name in ("googlenet", "inception_v3") and not pretrained
    others = {"init_weights": True, "aux_logits": False} if inception else {}
    network = models.get_model(name, weights="DEFAULT" if pretrained else None, **others)
    linear = [(path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if not linear or linear[-1][1].out_features != NUM_CLASSES:
        raise ValueError(f"torchvision/{name} doesn't end in a linear layer that could be left out; use NetworkEncoder")
    parent, _, last = linear[-1][0].rpartition(".")
    setattr(network.get_submodule(parent), last, nn.Identity())
    num_features = count_features(network, (channels, *size))
    return Made(network, num_features, 1, IMAGENET if pretrained else None)
