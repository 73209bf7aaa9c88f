"""Supervised training, which tables compare the others with."""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.data import ArrayDataset, Batch, Dataset, take
from viewlearn.encoders import Encoder
from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.views import Compose


class Supervised(Method):
    """Trains the encoder with one task's labels: cross-entropy of a linear classifier on one view of each sample.

    It is evaluated as the others are, by probes on the encoder's features. Learned views increase the cross-entropy,
    which makes them adversarial augmentation.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the view.
        task: Task whose labels are learned; needn't be named if the data has a single task.
        label_smoothing: Part of the target that is spread over all classes, in [0, 1).
        tasks: Class names of each task; from the data.

    Raises:
        ValueError: A task that the data doesn't have (the message lists those it has), or a smoothing outside [0, 1).
    """

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        task: str | None = None,
        label_smoothing: float = 0.0,
        tasks: dict[str, tuple[str, ...]] | None = None,
    ):
        super().__init__(encoder, views)
        tasks = tasks or {}
        if task is None and len(tasks) == 1:
            (task,) = tasks
        if task not in tasks:
            raise ValueError(f"task is {task!r}; the data's tasks are: {', '.join(tasks) or 'none, it has no labels'}")
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing}; it must lie in [0, 1)")
        self.task = task
        self.label_smoothing = label_smoothing
        self.classifier = nn.Linear(encoder.num_features, len(tasks[task]))

    def check(self, dataset: Dataset) -> None:
        """Checks that every sample has a label of the task; of a data set that isn't in memory, only the first."""
        samples = dataset if isinstance(dataset, ArrayDataset) else take(dataset, torch.arange(1))
        labels = samples.labels.get(self.task, torch.full((len(samples),), -1))
        unlabeled = int((labels < 0).sum())
        if unlabeled:
            raise ValueError(
                f"{unlabeled} of {len(samples)} training samples have no label of task {self.task!r}; "
                "supervised training needs one for each"
            )

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        x, metrics = self.view(batch.x, generator, player)
        logits = self.classifier(self.encoder(x)).float()
        labels = batch.labels[self.task]
        with torch.no_grad():
            metrics["accuracy"] = (logits.argmax(1) == labels).float().mean()
        return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing), metrics
