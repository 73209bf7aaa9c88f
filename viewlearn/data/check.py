"""Checks of a run's data, before it starts."""

from collections.abc import Sequence

from viewlearn.data.dataset import ArrayDataset, Data, Split
from viewlearn.data.labels import check_labels


def check_data(data: Data, splits: Sequence[Split] = ("train", "test")) -> None:
    """Checks data against their spec, so that a fault doesn't surface after hours of training.

    Labels in memory are checked all, others by their first sample; so are samples, which must be finite numbers.

    Args:
        data: Data to check.
        splits: Splits to check.

    Raises:
        ValueError: An empty split, labels out of range or of a task that the spec doesn't name, samples that are NaN
            or infinite, or that decode and front end turn into a shape other than the spec's.
    """
    for name in splits:
        dataset = data.split(name)
        if len(dataset) == 0:
            raise ValueError(f"the {name} split is empty")
        x, labels = dataset[0]
        try:
            if isinstance(dataset, ArrayDataset):
                check_labels(dataset.labels, len(dataset), data.spec.tasks)
            else:
                check_labels({task: [label] for task, label in labels.items()}, 1, data.spec.tasks)
        except ValueError as error:
            raise ValueError(f"{name} split: {error}") from error
        samples = dataset.x if isinstance(dataset, ArrayDataset) else x[None]
        if samples.is_floating_point():
            for number, sample in enumerate(samples):
                if not sample.isfinite().all():
                    raise ValueError(f"{name} split: sample {number} has values that are NaN or infinite")
        seen = data.front_end(data.decode(x[None]))
        if tuple(seen.shape[1:]) != tuple(data.spec.shape):
            raise ValueError(f"{name} split: samples become {tuple(seen.shape[1:])}; the spec says {data.spec.shape}")
