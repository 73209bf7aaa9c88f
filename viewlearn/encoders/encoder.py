"""The encoder contract, and encoders by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from viewlearn.bounds import Checked, Positive, Value, Width
from viewlearn.encoders.normalize import Normalize
from viewlearn.encoders.resnet import SMALL_IMAGE, Stem, build_resnet


class Encoder(nn.Module, Checked, ABC):
    """A map from inputs in natural units to features: ``(batch, channel, …)`` to ``(batch, num_features)``.

    A subclass sets ``num_features`` and writes ``forward``. Normalization belongs inside, so that a saved encoder
    takes images in [0, 1] or z-scored spectrograms, and nobody has to remember statistics.
    """

    num_features: int
    num_inputs_to_see: int = 0

    def see(self, x: Tensor) -> None:
        """Shows the encoder ``num_inputs_to_see`` clean training inputs, once, when a run is built.

        What it computes of them belongs into buffers, so that it is saved with the weights.
        """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Returns the features of x."""


class Backbone(Encoder):
    """Normalization and a network by name; its features are the pooled output of the last stage.

    Args:
        name: Name of the network: ``resnet18``, ``resnet50``, … as in torchvision; ``resnet10w16`` and the like for
            narrow ones that suit CPUs; ``timm/NAME`` for any model of timm (install the extra ``timm``).
        stem: First layers: ``imagenet`` is 7×7 stride 2 and max-pooling; ``small`` is 3×3 stride 1 without pooling;
            ``auto`` takes ``small`` up to 64 pixels. Models of timm ignore it.
        channels: Number of channels of the input; from the data.
        size: Height and width of the input, in pixels or bins; from the data.
        mean: Mean of each channel; from the data.
        std: Standard deviation of each channel; from the data.

    Raises:
        ValueError: An unknown name, an input smaller than the network's stride, or missing data-dependent arguments.
    """

    def __init__(
        self,
        name: str = "resnet18",
        stem: Stem = "auto",
        channels: Width | None = None,
        size: tuple[Width, Width] | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
    ):
        super().__init__()
        if channels is None or size is None:
            raise ValueError("Backbone needs channels and size; a run takes them from its data")
        self.channels = channels
        self.normalize = Normalize(mean or (0.0,) * channels, std or (1.0,) * channels)
        if len(self.normalize.mean) != channels:
            raise ValueError(f"mean and std have {len(self.normalize.mean)} channels, the input has {channels}")
        if name.startswith("timm/"):
            self.network, self.num_features, stride = _build_timm(name.removeprefix("timm/"), channels, size)
        else:
            chosen = stem if stem != "auto" else "small" if min(size) <= SMALL_IMAGE else "imagenet"
            self.network, self.num_features, stride = build_resnet(name, channels, chosen)
        if min(size) < stride:
            raise ValueError(
                f"inputs of {size[0]}×{size[1]} are smaller than the stride of {name}, {stride}; take larger inputs"
                + ("" if name.startswith("timm/") else " or stem='small' (stride 8)")
            )

    def forward(self, x: Tensor) -> Tensor:
        return self.network(self.normalize(x))


def _build_timm(name: str, channels: int, size: tuple[int, int]) -> tuple[nn.Module, int, int]:
    try:
        import timm
    except ImportError as error:
        raise ValueError(f"encoder 'timm/{name}' needs timm, which isn't installed: pip install timm") from error
    if not timm.is_model(name):
        near = timm.list_models(f"{name[:6]}*")[:8]
        raise ValueError(f"timm has no model {name!r}; similar names: {', '.join(near) or 'none'}")
    settings = {"pretrained": False, "num_classes": 0, "in_chans": channels}
    create: Callable[..., Any] = timm.create_model  # its networks say more about themselves than Module does
    try:  # transformers fix their positional embedding to an image size; convolutional models don't know the argument
        network = create(name, img_size=size, **settings)
    except TypeError:
        network = create(name, **settings)
    stride = max((stage["reduction"] for stage in getattr(network, "feature_info", [])), default=1)
    return network, network.num_features, stride
