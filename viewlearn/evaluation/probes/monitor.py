"""kNN accuracy while training, on small fixed subsets."""

from collections.abc import Sequence

import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, take
from viewlearn.evaluation.probes.features import Extraction, extract_features
from viewlearn.evaluation.probes.knn import knn
from viewlearn.evaluation.probes.splits import validation_split
from viewlearn.sampling import subset
from viewlearn.views import pipeline


class KNNMonitor:
    """Measures a weighted kNN on subsets that are drawn once: ``monitor(encoder)`` gives ``{"knn/TASK": accuracy}``.

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
        return accuracies


def _has(dataset: ArrayDataset, task: str) -> bool:
    """Whether any sample has a label of the task."""
    return task in dataset.labels and bool((dataset.labels[task] >= 0).any())
