"""Every task of a data set under every probe: trained encoder, random encoder, chance."""

import copy
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from viewlearn.evaluation.features import Features, Precision, extract_features
from viewlearn.evaluation.knn import knn
from viewlearn.evaluation.linear_probe import L2_GRID, linear_probe
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.score import Score, labelled
from viewlearn.views import Compose

Probe = Literal["linear", "knn"]
SPLITS = ("train", "validation", "test")


def evaluate(
    encoder: nn.Module,
    data: object,
    tasks: Sequence[str] | None = None,
    methods: Sequence[Probe] = ("linear", "knn"),
    *,
    random_encoder: nn.Module | Literal["reinitialised"] | None = "reinitialised",
    l2: float | Sequence[float] = L2_GRID,
    k: int = 200,
    temperature: float = 0.1,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    num_workers: int = 0,
    seed: int = 0,
) -> Results:
    """Probes frozen features of clean inputs for every task, beside a random encoder's and chance.

    Features of each split are computed once per encoder. Probes are fitted on "train"; the linear probe's
    regularisation is chosen on "validation" if that has labels of the task, else on a fifth of "train"; accuracies
    are those on "test". All inputs are clean: no random views, in training the probe neither (Viewmaker's published
    linear evaluation keeps them on while it trains the probe).

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``spec``, ``decode``, ``front_end`` and ``split("train" | "validation" | "test")``.
        tasks: which tasks of ``data.spec.tasks``; None for all. Without any, the results are empty.
        methods: which probes, of "linear" and "knn".
        random_encoder: the same architecture at its initialisation; "reinitialised" makes it of a copy (see
            ``reinitialised``), None leaves it out.
        l2: of the linear probe; several are chosen from.
        k, temperature: of kNN.
        batch_size, device, precision, num_workers: see ``extract_features``.
        seed: of the reinitialised encoder.

    Raises:
        ValueError: an unknown task or probe, features that aren't finite, or a task with no labels at all.
    """
    tasks = list(data.spec.tasks if tasks is None else tasks)
    for task in tasks:
        if task not in data.spec.tasks:
            raise ValueError(f"no task {task!r} in this data; there are: {', '.join(data.spec.tasks) or 'none'}")
    for method in methods:
        if method not in ("linear", "knn"):
            raise ValueError(f"no probe {method!r}; there are: linear, knn")
    if not tasks:
        return Results()
    encoders = {"trained": encoder, "random": random_encoder}
    if random_encoder == "reinitialised":
        encoders["random"] = reinitialised(encoder, seed)
    pipeline = Compose(decode=data.decode, front_end=data.front_end)
    options = {"batch_size": batch_size, "device": device, "precision": precision, "num_workers": num_workers}
    scores = {}
    for name, module in encoders.items():
        if module is not None:
            features = {split: extract_features(module, data.split(split), pipeline, **options) for split in SPLITS}
            for task in tasks:
                for method in methods:
                    scores[task, method, name] = _probe(features, task, method, l2, k, temperature, device)
    train_labels = {task: _labels(features["train"], task) for task in tasks}
    rows = tuple(
        Row(
            task,
            method,
            scores[task, method, "trained"],
            scores.get((task, method, "random")),
            _majority(train_labels[task], _labels(features["test"], task)),
            1 / len(data.spec.tasks[task]),
        )
        for task in tasks
        for method in methods
    )
    return Results(rows, {"num_features": features["test"].x.shape[1]})


def reinitialised(module: nn.Module, seed: int = 0) -> nn.Module:
    """A copy with every parameter drawn afresh by its module's ``reset_parameters``, torch's default initialisation.

    Raises:
        ValueError: a parameter whose module has no ``reset_parameters``; the architecture must then be built anew.
    """
    fresh = copy.deepcopy(module)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, submodule in fresh.named_modules():
            if hasattr(submodule, "reset_parameters"):
                submodule.reset_parameters()
            elif own := [key for key, _ in submodule.named_parameters(recurse=False)]:
                raise ValueError(
                    f"{type(submodule).__name__} {name!r} owns {', '.join(own)} but has no reset_parameters: "
                    "pass a freshly built random_encoder"
                )
    return fresh


def _probe(features: dict[str, Features], task: str, method: Probe, l2, k, temperature, device) -> Score:
    train, test = features["train"], features["test"]
    sides = train.x, _labels(train, task), test.x, _labels(test, task)
    if method == "knn":
        return knn(*sides, k=k, temperature=temperature)
    held = _labels(features["validation"], task)
    validation = (features["validation"].x, held) if (held >= 0).any() else 0.2
    return linear_probe(*sides, l2=l2, validation=validation, device=device)


def _labels(features: Features, task: str) -> Tensor:
    """The task's labels, −1 for all samples of a split that hasn't this task."""
    return features.labels.get(task, torch.full((len(features.index),), -1))


def _majority(train_y: Tensor, test_y: Tensor) -> float:
    _, train_y = labelled(train_y, train_y, "training")
    _, test_y = labelled(test_y, test_y, "test")
    return (test_y == train_y.mode().values).float().mean().item()
