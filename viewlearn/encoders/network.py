"""Any module as an encoder."""

from torch import Tensor, nn

from viewlearn.bounds import Positive, Value, Width
from viewlearn.encoders.counting import count_features
from viewlearn.encoders.encoder import Encoder
from viewlearn.encoders.normalize import Normalize
from viewlearn.encoders.weights import load_weights


class NetworkEncoder(Encoder):
    """Normalization and a network of one's own, any ``nn.Module``, which needs no subclass.

    ::

        encoder = data.bind(viewlearn.NetworkEncoder, network)

    The number of features is asked by a forward pass. The network gives features ``(batch, num_features)``, or a map
    ``(batch, num_features, height, width)``, which is averaged over its places. A classifier isn't cut off: where its
    input is wanted and not its output, take it out first (torchvision: ``network.fc = nn.Identity()``; timm:
    ``num_classes=0``).

    Args:
        network: Map from normalized inputs to features or a map of them.
        checkpoint: File of the network's weights, ``.safetensors`` or as written by ``torch.save``; what else it holds
            is left out.
        channels: Number of channels of the input; from the data.
        size: Height and width of the input, in pixels or bins; from the data.
        mean: Mean of each channel that the network is to see as 0; from the data. For pretrained weights, that of the
            data that they were trained on.
        std: Standard deviation of each channel that the network is to see as 1; from the data.

    Raises:
        ValueError: A network that gives neither features nor a map, a checkpoint that doesn't fit it, or missing
            data-dependent arguments.
    """

    def __init__(
        self,
        network: nn.Module,
        checkpoint: str | None = None,
        channels: Width | None = None,
        size: tuple[Width, Width] | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
    ):
        super().__init__()
        if channels is None or size is None:
            raise ValueError("NetworkEncoder needs channels and size; a run takes them from its data")
        self.normalize = Normalize(mean or (0.0,) * channels, std or (1.0,) * channels)
        self.network = network
        if checkpoint is not None:
            load_weights(network, checkpoint)
        self.num_features = count_features(self, (channels, *size))

    def forward(self, x: Tensor) -> Tensor:
        features = self.network(self.normalize(x))
        return features.mean((2, 3)) if features.ndim == 4 else features
