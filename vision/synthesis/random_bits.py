"""Random bits beside images: a shortcut of a known number of bits, which both views of an image share."""

from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import Bounds, Seed
from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split
from viewlearn.data.indexed import indexed_uniform
from viewlearn.views import DecodeWithCode, View, pack_code

Bits = Annotated[int, Bounds(0, 20)]
STREAM = "random bits of "


class RandBit(Data):
    """Images with k random bits beside their channels, which no view of an image touches.

    Each bit is a plane of one value, 0 or 1, behind the image's channels (−1 or 1 once the encoder has normalized
    them). Bit j of image i of a split is a pure function of (seed, split, i), the same in every epoch and in both
    views. Learning the code solves a batch of N images once k exceeds log₂ N by about two; what else an encoder learns
    is then up to the loss. Views, designed or learned, act on the images alone.

    Tasks are those of the images, and ``bit 0`` … for the first ``bit_tasks`` bits. Labels are those of the images' own
    bits, whatever is shown.

    Args:
        images: Image data, stored as uint8.
        bits: Number k of bits, 0 to 20.
        showing: What the planes show: ``own`` bits; ``redrawn``, other bits of the same law for every image, which
            tells how much an encoder's answers depend on which they are; ``fresh``, other bits in every view, which has
            the planes without anything in common; ``gray``, ½ everywhere.
        bit_tasks: Number of bits that are tasks, at most ``bits``. Bits are alike, so that a few speak for all.
        bits_seed: Seed of the bits.

    Raises:
        ValueError: More than 20 bits; (when read) images that aren't stored as uint8, or that have a task of a bit's
            name.

    Chen, Luo and Li, Intriguing Properties of Contrastive Losses, NeurIPS 2021, have such bits as channels of MNIST,
    CIFAR-10 and ImageNet; theirs are a hash of the image.
    """

    def __init__(
        self,
        images: Data,
        bits: Bits = 8,
        showing: Literal["own", "redrawn", "fresh", "gray"] = "own",
        bit_tasks: Bits = 2,
        bits_seed: Seed = 0,
    ):
        self.images, self.bits, self.showing, self.bits_seed = images, bits, showing, bits_seed
        self.bit_tasks = min(bit_tasks, bits)
        self._made: dict[str, Dataset] = {}

    @property
    def spec(self) -> DataSpec:
        own = self.images.spec
        tasks = {**own.tasks, **{f"bit {j}": ("0", "1") for j in range(self.bit_tasks)}}
        half = (0.5,) * self.bits
        return DataSpec(
            (own.shape[0] + self.bits, *own.shape[1:]),
            tasks,
            (*(own.mean or (0.0,) * own.shape[0]), *half),
            (*(own.std or (1.0,) * own.shape[0]), *half),
            num_train=own.num_train,
            value_range=own.value_range,
            code_bits=self.bits,
        )

    def split(self, name: Split) -> Dataset:
        return self._with_code(name, self.images.split(name))

    def pretraining(self) -> Dataset:
        images = self.images.pretraining()
        return self.split("train") if images is self.images.split("train") else self._with_code("pretraining", images)

    @property
    def decode(self) -> View:
        shown = "own" if self.showing == "redrawn" else self.showing
        return DecodeWithCode(self.images.decode, self.bits, shown) if self.bits else self.images.decode

    @property
    def front_end(self) -> View:
        return self.images.front_end

    @property
    def skipped(self) -> dict[str, str]:
        return self.images.skipped

    def code(self, split: str, index: np.ndarray, redrawn: bool = False) -> Tensor:
        """Returns the bits of some images of a split, ``(len(index), bits)`` uint8; those shown if redrawn."""
        stream = f"{'other ' if redrawn else ''}{STREAM}{split}"
        return torch.from_numpy(indexed_uniform(self.bits_seed, stream, index, self.bits) < 0.5).to(torch.uint8)

    def _with_code(self, name: str, images: Dataset) -> Dataset:
        if name not in self._made:
            self._made[name] = self._joined(name, images)
        return self._made[name]

    def _joined(self, name: str, images: Dataset) -> Dataset:
        first, labels = images[0]
        if first.dtype != torch.uint8:
            raise ValueError(f"samples are stored as {first.dtype}; bits are put beside images in 8 bits a value")
        taken = next((task for task in labels if task.startswith("bit ")), None)
        if taken is not None:
            raise ValueError(f"the images have a task {taken!r} already, and so would their bits")
        if not self.bits:
            return images
        if not isinstance(images, ArrayDataset):
            return _WithBits(images, self, name)
        index = np.arange(len(images))
        own, shown = self.code(name, index), self.code(name, index, self.showing == "redrawn")
        channels = len(first)
        packed = pack_code(shown)
        x = torch.empty(len(images), channels + packed.shape[1], *first.shape[1:], dtype=torch.uint8)
        x[:, :channels] = images.x
        x[:, channels:] = packed.view(*packed.shape, *(1 for _ in first.shape[1:]))
        read = {f"bit {j}": own[:, j].long() for j in range(self.bit_tasks)}
        return ArrayDataset(x, {**images.labels, **read})


class _WithBits:
    """Puts its bits beside each image as it is read."""

    def __init__(self, images: Dataset, data: RandBit, split: str):
        self.images, self.data, self.split = images, data, split

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        image, labels = self.images[index]
        place = np.array([index])
        own, shown = (
            self.data.code(self.split, place),
            self.data.code(self.split, place, self.data.showing == "redrawn"),
        )
        planes = pack_code(shown)[0][:, None, None].expand(-1, *image.shape[1:])
        read = {f"bit {j}": int(own[0, j]) for j in range(self.data.bit_tasks)}
        return torch.cat([image, planes]), {**labels, **read}
