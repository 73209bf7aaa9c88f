"""The encoder contract, and encoders by name."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from viewlearn.bounds import Checked, Positive, Value, Width
from viewlearn.encoders.normalize import Normalize
from viewlearn.encoders.pretrained import build_timm, build_torchvision
from viewlearn.encoders.resnet import SMALL_IMAGE, Stem, build_resnet
from viewlearn.encoders.weights import load_weights


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
            narrow ones that suit CPUs; ``timm/NAME`` for any model of timm (install the extra ``timm``);
            ``torchvision/NAME`` for any classifier of torchvision, without its last layer.
        stem: First layers of a ResNet: ``imagenet`` is 7×7 stride 2 and max-pooling; ``small`` is 3×3 stride 1 without
            pooling; ``auto`` takes ``small`` up to 64 pixels, and ``imagenet`` for weights that are pretrained or come
            from a file. Other models ignore it.
        pretrained: Start from the weights that timm or torchvision have for the name, which are downloaded once; inputs
            are then normalized by their mean and deviation in place of the data's.
        checkpoint: Start from the weights in this file, ``.safetensors`` or as written by ``torch.save``: those of an
            encoder that a run has exported, or of any library that keeps the network's own names behind a common
            prefix. Inputs are normalized by the data's mean and deviation.
        channels: Number of channels of the input; from the data.
        size: Height and width of the input, in pixels or bins; from the data.
        mean: Mean of each channel; from the data.
        std: Standard deviation of each channel; from the data.

    Raises:
        ValueError: An unknown name, an input smaller than the network's stride, missing data-dependent arguments, or
            weights that aren't there or don't fit.
    """

    def __init__(
        self,
        name: str = "resnet18",
        stem: Stem = "auto",
        pretrained: bool = False,
        checkpoint: str | None = None,
        channels: Width | None = None,
        size: tuple[Width, Width] | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
    ):
        super().__init__()
        if channels is None or size is None:
            raise ValueError("Backbone needs channels and size; a run takes them from its data")
        if pretrained and checkpoint is not None:
            raise ValueError(f"weights are pretrained or come from {checkpoint}; choose one")
        if stem == "auto":
            stem = "small" if min(size) <= SMALL_IMAGE and not pretrained and checkpoint is None else "imagenet"
        self.channels = channels
        library, _, bare = name.rpartition("/")
        if library == "timm":
            made = build_timm(bare, channels, size, pretrained)
        elif library == "torchvision":
            made = build_torchvision(bare, channels, size, pretrained)
        else:
            made = build_resnet(name, channels, stem, pretrained)
        if min(size) < made.stride:
            raise ValueError(
                f"inputs of {size[0]}×{size[1]} are smaller than the stride of {name}, {made.stride}; take larger "
                + ("inputs" if library else "inputs or stem='small' (stride 8)")
            )
        mean, std = made.statistics or (mean or (0.0,) * channels, std or (1.0,) * channels)
        self.normalize = Normalize(mean, std)
        if len(self.normalize.mean) != channels:
            raise ValueError(f"mean and std have {len(self.normalize.mean)} channels, the input has {channels}")
        self.network, self.num_features = made.network, made.num_features
        if checkpoint is not None:
            load_weights(self.network, checkpoint)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(self.normalize(x))
