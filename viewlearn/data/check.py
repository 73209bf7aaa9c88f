"""Checks of a run's data, before it starts."""

from collections.abc import Sequence

from viewlearn.data.dataset import ArrayDataset, Data, NoSplit, Split
from viewlearn.data.labels import check_labels

# Classes that a split must have for a probe to be fitted, or tested.
LEAST: dict[Split, int] = {"train": 2, "test": 1}


def check_data(data: Data, splits: Sequence[Split] = ("train", "validation", "test")) -> None:
    """Checks data against their spec, so that a fault doesn't surface after hours of training.

    Labels in memory are checked all, others by their first sample; so are samples, which must be finite numbers.

    Args:
        data: Data to check.
        splits: Splits to check; validation only if these data have it.

    Raises:
        ValueError: An empty split, labels out of range or of a task that the spec doesn't name, samples that are NaN
            or infinite, or that decode and front end turn into a shape other than the spec's.
    """
    for name in splits:
        try:
            dataset = data.split(name)
        except NoSplit:
            if name != "validation":
                raise
            continue
        if len(dataset) == 0 and name == "validation":
            continue
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


def unanswerable(data: Data) -> dict[str, str]:
    """Returns why no probe can be asked about a task, by task: a single class, or no labels.

    Labels of splits in memory are looked at; of others, the classes' names alone. Tasks that can be asked about aren't
    in it.
    """
    reasons = {}
    for task, classes in data.spec.tasks.items():
        if len(classes) < 2:
            reasons[task] = f"its only class is {classes[0]!r}" if classes else "it has no classes"
            continue
        for split, least in LEAST.items():
            dataset = data.split(split)
            if task in reasons or not isinstance(dataset, ArrayDataset):
                continue
            labels = dataset.labels.get(task)
            known = [] if labels is None else labels[labels >= 0].unique().tolist()
            if not known:
                reasons[task] = f"no {split} sample has a label"
            elif len(known) < least:
                reasons[task] = f"all {split} samples with a label are of class {classes[known[0]]!r}"
    return reasons
