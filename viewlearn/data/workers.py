"""The loader for data sets that don't fit into memory, and the choice between both loaders."""

from collections.abc import Iterator
from typing import Any, Literal, Unpack

import torch
from torch.utils.data import DataLoader, default_collate

from viewlearn.data.dataset import ArrayDataset, Batch, Dataset
from viewlearn.data.loaders import DeviceLoader, Loader, LoaderOptions
from viewlearn.orphans import end_worker_with_parent

MAX_SHARE = 0.25  # of the accelerator's free memory; the rest is for the model and its activations


class WorkerLoader(Loader):
    """Reads samples ahead in worker processes; the batches and their order are those of ``DeviceLoader``.

    The workers live as long as the loader. One epoch is read at a time: beginning another ends the one before.

    Args:
        dataset: Data set to read.
        batch_size: Number of samples per batch of one rank.
        num_workers: Number of reading processes; 0 reads in this one.
        prefetch: Number of batches that each worker reads ahead.
        options: See ``Loader``.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        num_workers: int = 2,
        prefetch: int = 2,
        **options: Unpack[LoaderOptions],
    ):
        super().__init__(dataset, batch_size, **options)
        if num_workers < 0 or prefetch < 1:
            raise ValueError(f"num_workers {num_workers} must be 0 or more, prefetch {prefetch} 1 or more")
        self._sampler = _Sampler()
        self._loader = DataLoader(
            _Batches(dataset),
            batch_sampler=self._sampler,
            collate_fn=_unchanged,
            num_workers=num_workers,
            prefetch_factor=prefetch if num_workers else None,
            persistent_workers=num_workers > 0,
            worker_init_fn=end_worker_with_parent,
            pin_memory=self.device.type == "cuda",
            # Without one of its own, DataLoader draws from torch's global generator at every epoch, and a resumed
            # run would no longer follow the uninterrupted one.
            generator=torch.Generator(),
        )

    def epoch(self, epoch: int = 0, start_batch: int = 0) -> Iterator[Batch]:
        self._sampler.batches = batches = [index.tolist() for index in self.indices(epoch, start_batch)]
        for batch in self._loader:
            if self._sampler.batches is not batches:
                raise RuntimeError("another epoch of this WorkerLoader has begun; it reads one at a time")
            if isinstance(batch, ValueError):
                try:
                    raise batch
                finally:
                    del batch  # an error that refers to itself, by this frame, is a reference cycle, see _Sampler
            yield batch.to(self.device)


def make_loader(
    dataset: Dataset,
    batch_size: int,
    *,
    load: Literal["device", "workers", "auto"] = "auto",
    num_workers: int = 2,
    **options: Unpack[LoaderOptions],
) -> Loader:
    """Makes the loader that suits the data set. Both kinds give the same batches in the same order.

    Args:
        dataset: Data set to read.
        batch_size: Number of samples per batch of one rank.
        load: ``device`` keeps the data there, reading them first if they aren't in memory; ``workers`` reads in
            worker processes; ``auto`` takes the device for data that are in memory and, on an accelerator, need at
            most a quarter of its free memory.
        num_workers: Number of reading processes, for ``workers``.
        options: See ``Loader``.

    Raises:
        ValueError: An unknown ``load``, or an error of ``Loader``.
    """
    if load not in ("device", "workers", "auto"):
        raise ValueError(f"load is {load!r}; allowed are 'device', 'workers' and 'auto'")
    if load == "auto":
        load = "device" if _fits(dataset, torch.device(options.get("device", "cpu"))) else "workers"
    if load == "device":
        return DeviceLoader(dataset, batch_size, **options)
    return WorkerLoader(dataset, batch_size, num_workers=num_workers, **options)


def _fits(dataset: Dataset, device: torch.device) -> bool:
    if not isinstance(dataset, ArrayDataset):
        return False
    if device.type != "cuda":
        return True  # it is in that memory already, or shares it
    free, _ = torch.cuda.mem_get_info(device)
    return dataset.num_bytes <= MAX_SHARE * free


class _Sampler:
    """The batches of the epoch being read, as lists of sample indices.

    It has no reference to its loader: workers of a loader in a reference cycle end by time-out, ten seconds late.
    """

    def __init__(self):
        self.batches: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Batches(torch.utils.data.Dataset):
    """Collates in the worker, batch by batch, so that an empty batch keeps the sample's shape and its tasks.

    An unreadable sample is the user's mistake and takes the place of its batch; raised here, it would reach the user
    within the worker's traceback.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = dataset

    def __getitems__(self, indices: list[int]) -> Batch | ValueError:
        try:
            samples = [self.dataset[i] for i in indices or [0]]
        except ValueError as error:
            return error
        x, labels = default_collate(samples)
        return Batch(
            x[: len(indices)],
            {task: value[: len(indices)] for task, value in labels.items()},
            torch.tensor(indices, dtype=torch.int64),
        )


def _unchanged(batch: Any) -> Any:
    """Passes on what ``_Batches`` has collated already."""
    return batch
