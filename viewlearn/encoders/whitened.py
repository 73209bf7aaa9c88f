"""A small convolutional encoder behind fixed whitening filters, which learns much from few FLOPs."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viewlearn.bounds import Channels, Positive, PositiveFraction, SmallCountOrZero, Value, Width
from viewlearn.encoders.encoder import Encoder
from viewlearn.encoders.normalize import Normalize

Pool = Literal["max", "mean", "both", "grid"]
CELLS = 3  # a side of the grid: what 32×32 pixels leave behind three blocks
FEATURES_PER_CHANNEL = {"max": 1, "mean": 1, "both": 2, "grid": CELLS**2}
NUM_INPUTS = 5_000  # whose patches the whitening is computed from
NUM_PATCHES = 500_000  # at most
MIN_SIZE = 16  # pixels
SMALLEST_VARIANCE = 1e-4  # of a direction, after normalization: what hardly varies isn't blown up


class WhitenedConvNet(Encoder):
    """Fixed whitening of 2×2 patches, then blocks of convolution, 2×2 max-pooling and convolution.

    The first layer has no weights to learn: its filters are the eigenvectors of the covariance of the data's 2×2
    patches over the roots of their eigenvalues, and the negatives of these (2·4·channels filters), computed from 5,000
    training inputs when a run is built. Each block is a 3×3 convolution, 2×2 max-pooling, BatchNorm and GELU, then a
    3×3 convolution, BatchNorm and GELU. Features are pooled over the last map.

    The architecture is that of airbench (Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3),
    without its classifier.

    Args:
        widths: Channels of each block; every block halves the resolution.
        pool: How the last map becomes features: its maximum, its mean, both side by side, or the means of a grid of
            3×3 cells, which keeps where things are at the price of nine times as many features.
        momentum: Weight of the newest batch in BatchNorm's running statistics. Short trainings need a large one.
        channels: Channels of the input; from the data.
        size: (height, width) of the input in pixels or bins, 16 or more; from the data.
        mean: Mean of each channel; from the data.
        std: Standard deviation of each channel; from the data.
        code_bits: Number of the last channels that are a code of one value a plane; from the data. Whitening leaves
            them out, and they join its maps, normalized, so that a long code costs little.

    Raises:
        ValueError: Inputs that are too small for the blocks, no widths, or data-dependent arguments missing.
    """

    num_inputs_to_see = NUM_INPUTS

    def __init__(
        self,
        widths: Sequence[Channels] = (32, 64, 128),
        pool: Pool = "max",
        momentum: PositiveFraction = 0.4,
        channels: Width | None = None,
        size: tuple[Width, Width] | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
        code_bits: SmallCountOrZero | None = None,
    ):
        super().__init__()
        if channels is None or size is None:
            raise ValueError("WhitenedConvNet needs channels and size; a run takes them from its data")
        if not widths:
            raise ValueError("widths is []; it must hold a number of channels for each block")
        if min(size) < max(MIN_SIZE, 2 ** len(widths) + 1):
            smallest = max(MIN_SIZE, 2 ** len(widths) + 1)
            raise ValueError(
                f"inputs of {size[0]}×{size[1]} are too small for {len(widths)} blocks: {smallest} or more"
            )
        self.normalize = Normalize(mean or (0.0,) * channels, std or (1.0,) * channels)
        self.code_bits = code_bits or 0
        own = channels - self.code_bits
        if own < 1:
            raise ValueError(f"code_bits is {code_bits}; with {channels} channels it must be in 0 … {channels - 1}")
        self.register_buffer("filters", torch.empty(8 * own, own, 2, 2))
        # Until the encoder has seen data, patches count as white: an orthonormal basis and its negative.
        self._set_filters(torch.eye(4 * own, dtype=torch.float64))
        blocks: list[nn.Module] = []
        before = 8 * own + self.code_bits
        for width in widths:
            blocks.append(_block(before, width, momentum))
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = pool
        self.num_features = before * FEATURES_PER_CHANNEL[pool]

    @torch.no_grad()
    def see(self, x: Tensor) -> None:
        """Computes the whitening filters from clean inputs ``(batch, channel, height, width)``."""
        own = self.normalize(x.float())[:, : self.filters.shape[1]]
        channels = own.shape[1]
        patches = own.unfold(2, 2, 1).unfold(3, 2, 1)  # (batch, channel, row, column, 2, 2)
        patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * channels)
        stride = -(-len(patches) // NUM_PATCHES)
        patches = patches[::stride].double()
        centered = patches - patches.mean(0)
        values, vectors = torch.linalg.eigh(centered.T @ centered / len(patches))
        self._set_filters((vectors / values.clamp_min(SMALLEST_VARIANCE).sqrt()).T)

    def forward(self, x: Tensor) -> Tensor:
        h = self.feature_map(x)
        if self.pool == "max":
            return h.amax((2, 3))
        if self.pool == "mean":
            return h.mean((2, 3))
        if self.pool == "grid":
            return F.adaptive_avg_pool2d(h, CELLS).flatten(1)
        return torch.cat([h.amax((2, 3)), h.mean((2, 3))], dim=1)

    def feature_map(self, x: Tensor) -> Tensor:
        """The last map before pooling: ``(batch, widths[-1], height, width)``, halved by each block."""
        normal = self.normalize(x)
        if not self.code_bits:
            return self.blocks(F.gelu(F.conv2d(normal, self.filters.to(x.dtype))))
        own, code = normal.tensor_split([self.filters.shape[1]], dim=1)
        white = F.gelu(F.conv2d(own, self.filters.to(x.dtype)))
        return self.blocks(torch.cat([white, code[:, :, 1:, 1:]], dim=1))  # as wide as the maps of 2×2 patches

    def _set_filters(self, rows: Tensor) -> None:
        """Filters from ``(4·channels, 4·channels)`` rows, each a direction over channel, row and column of a patch."""
        filters = torch.cat([rows, -rows]).view_as(self.filters)
        self.filters.copy_(filters)


def _block(before: int, width: int, momentum: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(width, momentum=momentum),
        nn.GELU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width, momentum=momentum),
        nn.GELU(),
    )
