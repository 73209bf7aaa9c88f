"""Batches in a reproducible order, and the loader that cuts them from data on the device."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypedDict, Unpack

import torch
from torch import Tensor

from viewlearn.data.dataset import Batch, Dataset, in_memory
from viewlearn.data.order import batch_indices, num_batches, order


class LoaderOptions(TypedDict, total=False):
    """Optional arguments of every ``Loader``, by name."""

    seed: int
    rank: int
    world_size: int
    device: torch.device | str
    shuffle: bool
    drop_last: bool


class Loader(ABC):
    """Batches of a data set, in an order that is a pure function of (seed, epoch).

    Every rank gets the same number of batches. Without ``drop_last`` the last one may be smaller, and empty on some
    ranks if fewer samples are left than ranks.

    Args:
        dataset: Data set to read.
        batch_size: Number of samples per batch of one rank.
        seed: Seed of the order.
        rank: Number of this process, from 0.
        world_size: Number of processes; the batches of all ranks together are those of one process with
            ``batch_size * world_size``.
        device: Device of the batches.
        shuffle: Whether each epoch has a new order; otherwise it is the data set's own.
        drop_last: Whether samples that don't fill a batch are left out, as in training. Evaluation keeps them.

    Raises:
        ValueError: An empty data set, a batch size below 2 for training (there is nothing to contrast a single
            sample with) or below 1 otherwise, or with ``drop_last`` one that the data set can't fill.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        device: torch.device | str = "cpu",
        shuffle: bool = True,
        drop_last: bool = True,
    ):
        if len(dataset) == 0:
            raise ValueError("the data set is empty")
        if drop_last and batch_size < 2:
            raise ValueError(f"batch_size is {batch_size}; contrastive training needs 2 or more samples a batch")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank is {rank}; with {world_size} processes it must be in 0 … {world_size - 1}")
        if drop_last and batch_size * world_size > len(dataset):
            raise ValueError(
                f"batch_size is {batch_size}, which in {world_size} processes is more than the {len(dataset)} samples "
                f"of the data set; at most {len(dataset) // world_size} fit"
            )
        self.dataset = dataset
        self.batch_size, self.seed = batch_size, seed
        self.rank, self.world_size = rank, world_size
        self.device = torch.device(device)
        self.shuffle, self.drop_last = shuffle, drop_last

    def __len__(self) -> int:
        """Number of batches per epoch."""
        return num_batches(len(self.dataset), self.batch_size, self.world_size, self.drop_last)

    @abstractmethod
    def epoch(self, epoch: int = 0, start_batch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch on the device, from number ``start_batch`` on; those before cost nothing."""

    def indices(self, epoch: int, start_batch: int = 0) -> list[Tensor]:
        """Returns this rank's sample indices, batch by batch.

        Raises:
            ValueError: A start batch outside the epoch (its end, ``len(self)``, gives no batches).
        """
        if not 0 <= start_batch <= len(self):
            raise ValueError(f"start batch is {start_batch}; this epoch has batches 0 … {len(self) - 1}")
        permutation = self._permutation(epoch)
        return [
            batch_indices(permutation, batch, self.batch_size, self.rank, self.world_size)
            for batch in range(start_batch, len(self))
        ]

    def _permutation(self, epoch: int) -> Tensor:
        num_samples = len(self.dataset)
        return order(self.seed, epoch, num_samples) if self.shuffle else torch.arange(num_samples)


class DeviceLoader(Loader):
    """Keeps the whole data set on the device, as stored (uint8 images), and cuts batches there.

    A data set that isn't in memory yet is read into it first. Arguments and errors are those of ``Loader``.
    """

    def __init__(self, dataset: Dataset, batch_size: int, **options: Unpack[LoaderOptions]):
        super().__init__(dataset, batch_size, **options)
        array = in_memory(dataset)
        self.x = array.x.to(self.device)
        self.labels = {task: value.to(self.device) for task, value in array.labels.items()}

    def epoch(self, epoch: int = 0, start_batch: int = 0) -> Iterator[Batch]:
        batches = self.indices(epoch, start_batch)
        if not batches:
            return
        # One copy per epoch: a copy per batch would make the host wait for the device.
        sizes = [len(index) for index in batches]
        for index in torch.cat(batches).to(self.device).split(sizes):
            labels = {task: value[index] for task, value in self.labels.items()}
            # index_select copies whole samples; indexing copies element by element, which takes five times as long.
            yield Batch(self.x.index_select(0, index), labels, index)
