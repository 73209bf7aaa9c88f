"""Every task of a data set under every probe: trained encoder, random encoder, chance."""

import copy
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from viewlearn.evaluation.features import Features, Precision, extract_features, validation_split
from viewlearn.evaluation.knn import knn
from viewlearn.evaluation.linear_probe import L2_GRID, linear_probe
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.score import Score, labelled
from viewlearn.views import Compose

Probe = Literal["linear", "knn"]


def evaluate(
    encoder: nn.Module,
    data: object,
    tasks: Sequence[str] | None = None,
    methods: Sequence[Probe] = ("linear", "knn"),
    *,
    layers: Sequence[str] | None = None,
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
    regularisation is chosen on "validation" if there is one with labels of the task, else on a fifth of "train";
    accuracies are those on "test". All inputs are clean: no random views, in training the probe neither (Viewmaker's
    published linear evaluation keeps them on while it trains the probe).

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``spec``, ``decode``, ``front_end`` and ``split("train" | "validation" | "test")``.
        tasks: which tasks of ``data.spec.tasks``; None for all. Without any, the results are empty.
        methods: which probes, of "linear" and "knn".
        layers: which features to probe, each in turn: a layer's name, several joined by "+", or a pattern such as "Z_*"
            for all of a kind side by side; the encoder must have ``features``. None probes its output.
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
    check_names(tasks, methods, data.spec.tasks)
    if not tasks:
        return Results()
    if random_encoder == "reinitialised":
        random_encoder = reinitialised(encoder, seed)
    pipeline = Compose(decode=data.decode, front_end=data.front_end)
    options = {"batch_size": batch_size, "device": device, "precision": precision, "num_workers": num_workers}
    splits = {"train": data.split("train"), "validation": validation_split(data), "test": data.split("test")}
    splits = {name: split for name, split in splits.items() if split is not None}
    combinations = [(task, method, layer) for task in tasks for method in methods for layer in layers or [None]]
    scores, num_features = {}, {}
    for name, module in (("trained", encoder), ("random", random_encoder)):
        if module is not None:
            features = {
                split: extract_features(module, dataset, pipeline, layers=layers, **options)
                for split, dataset in splits.items()
            }
            num_features = {layer or "output": _x(features["test"], layer).shape[1] for layer in layers or [None]}
            for task, method, layer in combinations:
                scores[task, method, layer, name] = _probe(features, task, method, layer, l2, k, temperature, device)
    rows = [
        Row(
            task,
            method,
            scores[task, method, layer, "trained"],
            scores.get((task, method, layer, "random")),
            _majority(_labels(features["train"], task), _labels(features["test"], task)),
            1 / len(data.spec.tasks[task]),
            layer,
        )
        for task, method, layer in combinations
    ]
    return Results(tuple(rows), {"num_features": num_features})


def check_names(tasks: Sequence[str], methods: Sequence[str], known: Iterable[str]) -> None:
    """Raises ValueError at a task or a probe that there isn't."""
    for task in tasks:
        if task not in known:
            raise ValueError(f"no task {task!r} in this data; there are: {', '.join(known) or 'none'}")
    for method in methods:
        if method not in ("linear", "knn"):
            raise ValueError(f"no probe {method!r}; there are: linear, knn")


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


def _probe(features: dict[str, Features], task: str, method: Probe, layer, l2, k, temperature, device) -> Score:
    train, test = features["train"], features["test"]
    sides = _x(train, layer), _labels(train, task), _x(test, layer), _labels(test, task)
    if method == "knn":
        return knn(*sides, k=k, temperature=temperature, device=device)
    validation = 0.2
    if "validation" in features and (_labels(features["validation"], task) >= 0).any():
        validation = _x(features["validation"], layer), _labels(features["validation"], task)
    return linear_probe(*sides, l2=l2, validation=validation, device=device)


def _x(features: Features, layer: str | None) -> Tensor:
    return features.x if layer is None else features.layer(layer)


def _labels(features: Features, task: str) -> Tensor:
    """The task's labels, −1 for all samples of a split that hasn't this task."""
    return features.labels.get(task, torch.full((len(features.index),), -1))


def _majority(train_y: Tensor, test_y: Tensor) -> float:
    _, train_y = labelled(train_y, train_y, "training")
    _, test_y = labelled(test_y, test_y, "test")
    return (test_y == train_y.mode().values).float().mean().item()
