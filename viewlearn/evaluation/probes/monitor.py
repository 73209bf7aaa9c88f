"""kNN accuracy while training, on small fixed subsets."""

import torch
from torch import nn

from viewlearn.data import ArrayDataset, take
from viewlearn.evaluation.probes.features import Features, Precision, extract_features, validation_split
from viewlearn.evaluation.probes.knn import knn
from viewlearn.sampling import subset
from viewlearn.views import Compose, View


class KNNMonitor:
    """``monitor(encoder)`` gives ``{"knn/TASK": accuracy}`` of a weighted kNN, on subsets drawn once.

    Neighbors come from "train", queries from "validation" (from the rest of "train" where the data has none), so that
    nothing that is decided by these curves has seen the test split. Unlabeled data isn't read at all. The encoder's
    modes are left as they were, and no random number but the subsets' is drawn.

    Args:
        data: has ``spec``, ``decode``, ``front_end`` and ``split``.
        pipeline: from stored samples to what the encoder reads; None for the data's decoding and front end.
        tasks: which tasks; None for all. Those without labels in either subset are left out.
        num_train: neighbors to choose from, at most.
        num_test: queries, at most.
        k: neighbors that vote.
        temperature: of the votes.
        batch_size, device, precision: see ``extract_features``.
        seed: of the subsets.
    """

    def __init__(
        self,
        data: object,
        pipeline: View | None = None,
        tasks: list[str] | None = None,
        num_train: int = 2_000,
        num_test: int = 1_000,
        k: int = 200,
        temperature: float = 0.1,
        batch_size: int = 256,
        device: torch.device | str | None = None,
        precision: Precision = "no",
        seed: int = 0,
    ):
        self.pipeline = pipeline or Compose(decode=data.decode, front_end=data.front_end)
        self.k, self.temperature = k, temperature
        self.options = {"batch_size": batch_size, "device": device, "precision": precision}
        asked = list(data.spec.tasks if tasks is None else tasks)
        self.tasks = []
        if asked:
            self._draw_subsets(data, num_train, num_test, seed)
            self.tasks = [task for task in asked if _has(self.train, task) and _has(self.test, task)]

    def _draw_subsets(self, data: object, num_train: int, num_test: int, seed: int) -> None:
        train, validation = data.split("train"), validation_split(data)
        generator = torch.Generator().manual_seed(seed)
        order = subset(len(train), len(train), generator)
        if validation is None:
            num_held = min(num_test, max(1, len(train) // 3))
            held, order = order[:num_held], order[num_held:]
            self.test = take(train, held)
        else:
            self.test = take(validation, subset(len(validation), num_test, generator))
        self.train = take(train, order[:num_train])

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        if not self.tasks:
            return {}
        train, test = (
            extract_features(encoder, part, self.pipeline, **self.options) for part in (self.train, self.test)
        )
        return {f"knn/{task}": self._accuracy(task, train, test) for task in self.tasks}

    def _accuracy(self, task: str, train: Features, test: Features) -> float:
        sides = train.x, train.labels[task], test.x, test.labels[task]
        return knn(*sides, k=self.k, temperature=self.temperature, device=self.options["device"]).accuracy


def _has(dataset: ArrayDataset, task: str) -> bool:
    """Whether any sample has a label of the task."""
    return task in dataset.labels and bool((dataset.labels[task] >= 0).any())
