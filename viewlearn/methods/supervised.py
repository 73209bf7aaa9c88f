"""Supervised training, which tables compare the others with."""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.bounds import FractionBelowOne
from viewlearn.data import ArrayDataset, Batch, Dataset, take
from viewlearn.encoders import Encoder
from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.views import Compose


class Supervised(Method):
    """Trains the encoder with labels: cross-entropy of a linear classifier on one view of each sample.

    With several tasks, each has a classifier of its own, and the loss is the mean of their cross-entropies. The encoder
    is evaluated as others are, by probes on its features. Learned views increase the cross-entropy, which makes them
    adversarial augmentation.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the view.
        task: Tasks whose labels are learned, separated by commas; all tasks of the data by default.
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
        label_smoothing: FractionBelowOne = 0.0,
        tasks: dict[str, tuple[str, ...]] | None = None,
    ):
        super().__init__(encoder, views)
        if self.controller is not None:
            raise ValueError("supervised views have no partner to find, which automatic budgets go by; give a budget")
        tasks = tasks or {}
        names = (
            [name for name in tasks if len(tasks[name]) > 1]
            if task is None
            else [name.strip() for name in task.split(",")]
        )
        if tasks and task is None and not names:
            raise ValueError(f"no task has two classes to tell apart; the data's tasks are: {', '.join(tasks)}")
        if not names or any(name not in tasks for name in names) or len(set(names)) < len(names):
            raise ValueError(f"task is {task!r}; the data's tasks are: {', '.join(tasks) or 'none, it has no labels'}")
        self.num_classes = {name: len(tasks[name]) for name in names}
        self.label_smoothing = label_smoothing
        self.classifier = nn.Linear(encoder.num_features, sum(self.num_classes.values()))

    def check(self, dataset: Dataset) -> None:
        """Checks that every sample has a label of each task; of a data set that isn't in memory, only the first."""
        samples = dataset if isinstance(dataset, ArrayDataset) else take(dataset, torch.arange(1))
        for task in self.num_classes:
            labels = samples.labels.get(task, torch.full((len(samples),), -1))
            unlabeled = int((labels < 0).sum())
            if unlabeled:
                raise ValueError(
                    f"{unlabeled} of {len(samples)} training samples have no label of task {task!r}; "
                    "supervised training needs one for each"
                )

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        x, decisions = self.view(batch.x, generator, player)
        logits = self.classifier(self.encoder(x)).float().split(list(self.num_classes.values()), dim=1)
        losses, metrics = [], {}
        for task, scores in zip(self.num_classes, logits, strict=True):
            labels = batch.labels[task]
            name = "accuracy" if len(logits) == 1 else f"accuracy/{task}"
            metrics[name] = (scores.detach().argmax(1) == labels).float().mean()
            losses.append(F.cross_entropy(scores, labels, label_smoothing=self.label_smoothing))
        return self.settle(torch.stack(losses).mean(), metrics, decisions)
