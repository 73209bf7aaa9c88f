"""Accuracies while training, on small fixed subsets: nearest neighbors, and a linear map by least squares."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viewlearn.data import ArrayDataset, Data, take
from viewlearn.evaluation.probes.features import Extraction, extract_features
from viewlearn.evaluation.probes.knn import knn
from viewlearn.evaluation.probes.splits import validation_split
from viewlearn.sampling import subset
from viewlearn.views import pipeline


class KNNMonitor:
    """Measures accuracies on subsets that are drawn once: ``monitor(encoder)`` gives ``knn/TASK`` and ``linear/TASK``.

    The former is of a weighted kNN. The latter is of a linear map of standardized features to the classes, fitted by
    ridge regression at each call; unlike a probe that is trained beside the encoder, it has no state to save, and
    doesn't lag behind. Neither has a gradient in the encoder.

    Neighbors come from "train", queries from "validation" (or from the rest of "train" if the data has none), so that
    nothing that is decided by these curves has seen the test split. Unlabeled data isn't read at all. The encoder's
    modes stay as they were, and the only random numbers drawn are those of the subsets.

    Args:
        data: Data whose samples are drawn.
        tasks: Tasks to measure; None for all. Those of one class, or without labels in either subset, are left out.
        num_train: Number of neighbors to choose from, at most.
        num_test: Number of queries, at most.
        k: Number of neighbors that vote.
        temperature: Temperature of their votes.
        seed: Seed of the subsets.
        extraction: Batch size, device and precision.
    """

    def __init__(
        self,
        data: Data,
        tasks: Sequence[str] | None = None,
        *,
        num_train: int = 2_000,
        num_test: int = 1_000,
        k: int = 200,
        temperature: float = 0.1,
        seed: int = 0,
        extraction: Extraction = Extraction(batch_size=256),
    ):
        self.pipeline = pipeline(data.decode, data.front_end)
        self.k, self.temperature, self.extraction = k, temperature, extraction
        asked = [task for task in (data.spec.tasks if tasks is None else tasks) if len(data.spec.tasks[task]) > 1]
        self.tasks: list[str] = []
        if asked:
            self._draw_subsets(data, num_train, num_test, seed)
            self.tasks = [task for task in asked if _has(self.train, task) and _has(self.test, task)]

    def _draw_subsets(self, data: Data, num_train: int, num_test: int, seed: int) -> None:
        train, validation = data.split("train"), validation_split(data)
        generator = torch.Generator().manual_seed(seed)
        order = subset(len(train), len(train), generator)
        if validation is None:
            num_held_out = min(num_test, max(1, len(train) // 3))
            held_out, order = order[:num_held_out], order[num_held_out:]
            self.test = take(train, held_out)
        else:
            self.test = take(validation, subset(len(validation), num_test, generator))
        self.train = take(train, order[:num_train])

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        if not self.tasks:
            return {}
        train, test = (
            extract_features(encoder, part, self.pipeline, self.extraction) for part in (self.train, self.test)
        )
        accuracies = {}
        for task in self.tasks:
            sides = train.x, train.labels[task], test.x, test.labels[task]
            score = knn(*sides, k=self.k, temperature=self.temperature, device=self.extraction.device)
            accuracies[f"knn/{task}"] = score.accuracy
            accuracies[f"linear/{task}"] = ridge_accuracy(*sides)
        return accuracies


def ridge_accuracy(train: Tensor, labels: Tensor, test: Tensor, test_labels: Tensor, ridge: float = 1e-2) -> float:
    """Returns the accuracy of the linear map that ridge regression finds from standardized features to the classes.

    ::

        W = (XᵀX / n + ridge · I)⁻¹ Xᵀ (Y − mean Y) / n,    class = argmax of x W + mean Y

    with X the standardized features and Y the classes as flags. Samples without a label are left out.

    Args:
        train: ``(n, num_features)`` features.
        labels: ``(n,)`` classes, −1 where there is no label.
        test: Features of other samples.
        test_labels: Their classes.
        ridge: Weight of the penalty, in units of the features' variances.
    """
    train, labels = train[labels >= 0].double(), labels[labels >= 0]
    test, test_labels = test[test_labels >= 0].double(), test_labels[test_labels >= 0]
    mean, std = train.mean(0), train.std(0, correction=0).clamp_min(1e-6)
    x = (train - mean) / std
    flags = F.one_hot(labels, int(max(labels.amax(), test_labels.amax())) + 1).double()
    covariance = x.T @ x / len(x) + ridge * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(covariance, x.T @ (flags - flags.mean(0)) / len(x))
    scores = (test - mean) / std @ weight + flags.mean(0)
    return (scores.argmax(1) == test_labels).double().mean().item()


def _has(dataset: ArrayDataset, task: str) -> bool:
    """Whether any sample has a label of the task."""
    return task in dataset.labels and bool((dataset.labels[task] >= 0).any())
