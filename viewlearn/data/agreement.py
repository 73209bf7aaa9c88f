"""Whether all processes of a run read the same data."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from viewlearn.data.dataset import ArrayDataset, Data, take
from viewlearn.data.spec import DataSpec

NUM_COMPARED = 256  # evenly spaced samples that are compared, of data that aren't in memory
MAX_COMPARED = 2 * 10**9  # bytes of data in memory that are compared whole


@dataclass(frozen=True)
class Sight:
    """What one process sees of the data that encoders are pre-trained on.

    Args:
        num_samples: Number of samples.
        spec: Description of the data.
        digest: Digest of samples and labels: of all that are in memory, else of evenly spaced ones.
    """

    num_samples: int
    spec: DataSpec
    digest: str

    @classmethod
    def of(cls, data: Data) -> "Sight":
        """Looks at data."""
        dataset = data.pretraining()
        if not isinstance(dataset, ArrayDataset) or dataset.num_bytes > MAX_COMPARED:
            places = torch.linspace(0, len(dataset) - 1, min(NUM_COMPARED, len(dataset)), dtype=torch.float64)
            dataset = take(dataset, places.round().long())
        digest = hashlib.sha256()
        for name, values in sorted({"": dataset.x, **dataset.labels}.items()):
            digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
            digest.update(values.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return cls(len(data.pretraining()), data.spec, digest.hexdigest())


def check_agreement(seen: Sequence[Sight]) -> None:
    """Checks that all processes see the same data.

    Args:
        seen: What each process sees, by rank.

    Raises:
        ValueError: One sees others than the first; the message says which, and what differs.
    """
    first = seen[0]
    for rank, each in enumerate(seen):
        change = each.spec.change_from(first.spec)
        if each.num_samples != first.num_samples:
            change = f"{each.num_samples} samples in place of {first.num_samples}"
        elif change is None and each.digest != first.digest:
            change = "as many samples, but with other content"
        if change is not None:
            raise ValueError(f"process {rank} reads other data than process 0: {change}; give all the same files")
