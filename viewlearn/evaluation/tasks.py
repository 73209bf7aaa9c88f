"""Every task of a data set under every probe: trained encoder, random encoder, chance."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from viewlearn.evaluation.probes.clean import clean_features, held_out, labels_of
from viewlearn.evaluation.probes.features import Features, Precision
from viewlearn.evaluation.probes.knn import knn
from viewlearn.evaluation.probes.linear import L2_GRID, linear_probe
from viewlearn.evaluation.probes.score import Score, labeled
from viewlearn.evaluation.results import Results, Row

Probe = Literal["linear", "knn"]


def evaluate(
    encoder: nn.Module,
    data: object,
    tasks: Sequence[str] | None = None,
    methods: Sequence[Probe] = ("linear", "knn"),
    *,
    layers: Sequence[str] | None = None,
    random_encoder: nn.Module | Literal["reinitialized"] | None = "reinitialized",
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
    regularization is chosen on "validation" if there is one with labels of the task, else on a fifth of "train";
    accuracies are those on "test". All inputs are clean: no random views, in training the probe neither (Viewmaker's
    published linear evaluation keeps them on while it trains the probe).

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``spec``, ``decode``, ``front_end`` and ``split("train" | "validation" | "test")``.
        tasks: which tasks of ``data.spec.tasks``; None for all. Without any, the results are empty.
        methods: which probes, of "linear" and "knn".
        layers: which features to probe, each in turn: a layer's name, several joined by "+", or a pattern such as "Z_*"
            for all of a kind side by side; the encoder must have ``features``. None probes its output.
        random_encoder: the same architecture at its initialization; "reinitialized" makes it of a copy (see
            ``reinitialized``), None leaves it out.
        l2: of the linear probe; several are chosen from.
        k, temperature: of kNN.
        batch_size, device, precision, num_workers: see ``extract_features``.
        seed: of the reinitialized encoder.

    Raises:
        ValueError: an unknown task or probe, features that aren't finite, or a task with no labels at all.
    """
    tasks = list(data.spec.tasks if tasks is None else tasks)
    check_names(tasks, methods, data.spec.tasks)
    if not tasks:
        return Results()
    if random_encoder == "reinitialized":
        random_encoder = reinitialized(encoder, seed)
    options = {"batch_size": batch_size, "device": device, "precision": precision, "num_workers": num_workers}
    features = [
        module and clean_features(module, data, layers=layers, **options) for module in (encoder, random_encoder)
    ]
    num_classes = {task: len(data.spec.tasks[task]) for task in tasks}
    return probe_features(
        *features, num_classes, methods, layers=layers, l2=l2, k=k, temperature=temperature, device=device
    )


def probe_features(
    trained: Mapping[str, Features],
    random: Mapping[str, Features] | None,
    tasks: Mapping[str, int],
    methods: Sequence[Probe] = ("linear", "knn"),
    *,
    layers: Sequence[str] | None = None,
    l2: float | Sequence[float] = L2_GRID,
    k: int = 200,
    temperature: float = 0.1,
    device: torch.device | str | None = None,
) -> Results:
    """``evaluate`` on features that are at hand.

    Args:
        trained, random: of both encoders, see ``clean_features``; None without a random one.
        tasks: number of classes of each.
        methods, layers, l2, k, temperature, device: see ``evaluate``.
    """
    rows = []
    for task, num_classes in tasks.items():
        majority = _majority(labels_of(trained["train"], task), labels_of(trained["test"], task))
        for method in methods:
            for layer in layers or [None]:
                scores = [
                    features and _probe(features, task, method, layer, l2, k, temperature, device)
                    for features in (trained, random)
                ]
                rows.append(Row(task, method, *scores, majority, 1 / num_classes, layer))
    num_features = {layer or "output": trained["test"].of(layer).shape[1] for layer in layers or [None]}
    return Results(tuple(rows), {"num_features": num_features})


def check_names(tasks: Sequence[str], methods: Sequence[str], known: Iterable[str]) -> None:
    """Raises ValueError at a task or a probe that there isn't."""
    for task in tasks:
        if task not in known:
            raise ValueError(f"no task {task!r} in this data; there are: {', '.join(known) or 'none'}")
    for method in methods:
        if method not in ("linear", "knn"):
            raise ValueError(f"no probe {method!r}; there are: linear, knn")


def reinitialized(module: nn.Module, seed: int = 0) -> nn.Module:
    """A copy with every parameter drawn afresh by its module's ``reset_parameters``, torch's default initialization.

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


def _probe(features: Mapping[str, Features], task: str, method: Probe, layer, l2, k, temperature, device) -> Score:
    train, test = features["train"], features["test"]
    sides = train.of(layer), labels_of(train, task), test.of(layer), labels_of(test, task)
    if method == "knn":
        return knn(*sides, k=k, temperature=temperature, device=device)
    return linear_probe(*sides, l2=l2, validation=held_out(features, task, layer), device=device)


def _majority(train_y: Tensor, test_y: Tensor) -> float:
    _, train_y = labeled(train_y, train_y, "training")
    _, test_y = labeled(test_y, test_y, "test")
    return (test_y == train_y.mode().values).float().mean().item()
