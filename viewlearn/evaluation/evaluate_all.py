"""Everything that frozen features are asked, in one table: tasks, factors, few shots, corruptions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import Dataset

from viewlearn.evaluation.evaluate import Probe, evaluate
from viewlearn.evaluation.factor_probe import factor_probe
from viewlearn.evaluation.features import Precision, extract_features
from viewlearn.evaluation.few_shot import few_shot
from viewlearn.evaluation.intervals import wilson_interval
from viewlearn.evaluation.linear_probe import L2_GRID
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.robustness import Robustness, corruption_robustness
from viewlearn.evaluation.score import Score
from viewlearn.views import View, pipeline


class Asked(NamedTuple):
    """A factor to predict, see ``Factor``.

    Args:
        view: what is drawn and applied.
        leaf: dotted path to one of its parameters; None for all together.
        num_classes: bins or settings.
    """

    view: View
    leaf: str | None = None
    num_classes: int = 4


def evaluate_all(
    encoder: nn.Module,
    data: object,
    tasks: Sequence[str] | None = None,
    *,
    methods: Sequence[Probe] = ("linear", "knn"),
    factors: Mapping[str, Asked] | None = None,
    shots: Sequence[int] = (),
    episodes: int = 10,
    corruptions: Mapping[str, Sequence[View | Dataset]] | None = None,
    num_corrupted: int | None = None,
    layers: Sequence[str] | None = None,
    random_encoder: nn.Module | None = None,
    l2: float | Sequence[float] = L2_GRID,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    seed: int = 0,
) -> Results:
    """LooC's evaluation, and more than it: one row per question and layer, beside chance and a random encoder.

    Rows of probe "linear" and "knn" are those of ``evaluate``; "factor" of ``factor_probe``; "k-shot" of ``few_shot``,
    all-way with the whole test split as queries; "corruptions" is the mean of ``corruption_robustness``, all of which
    is under ``info["robustness"]``, its interval being that of one test split.

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``spec``, ``decode``, ``front_end`` and ``split``.
        tasks: which tasks of ``data.spec.tasks``; None for all.
        methods: which probes on clean inputs, of "linear" and "knn".
        factors: what to predict besides the tasks, by name.
        shots: labelled samples per class of the few-shot rows.
        episodes: draws of these samples.
        corruptions: see ``corruption_robustness``.
        num_corrupted: test samples under corruptions; None for all.
        layers: which features, see ``evaluate``.
        random_encoder: an encoder at its initialisation to compare with; None leaves it out.
        l2, batch_size, device, precision: see ``evaluate``.
        seed: of all draws.

    Raises:
        ValueError: as the functions that are named do.
    """
    options = {"batch_size": batch_size, "device": device, "precision": precision}
    tasks = list(data.spec.tasks if tasks is None else tasks)
    results = evaluate(
        encoder, data, tasks, methods, layers=layers, random_encoder=random_encoder, l2=l2, seed=seed, **options
    )
    rows, robustness = list(results.rows), {}
    for layer in layers or [None]:
        for name, asked in (factors or {}).items():
            rows.append(
                factor_probe(
                    encoder,
                    data,
                    asked.view,
                    asked.leaf,
                    num_classes=asked.num_classes,
                    name=name,
                    layer=layer,
                    random_encoder=random_encoder,
                    l2=l2,
                    seed=seed,
                    **options,
                )
            )
        if shots and tasks:
            rows += _few_shot_rows((encoder, random_encoder), data, tasks, shots, episodes, layer, seed, options)
        if corruptions and tasks:
            found = [
                module
                and corruption_robustness(
                    module, data, tasks, corruptions, layer=layer, num_test=num_corrupted, l2=l2, seed=seed, **options
                )
                for module in (encoder, random_encoder)
            ]
            robustness |= {"/".join([task, *([layer] if layer else [])]): found[0][task].to_dict() for task in tasks}
            rows += _robustness_rows(found, data, tasks, num_corrupted, layer)
    info = {**results.info, **({"robustness": robustness} if robustness else {})}
    return Results(tuple(rows), info)


def _few_shot_rows(encoders, data, tasks, shots, episodes, layer, seed, options) -> list[Row]:
    clean = pipeline(data.decode, data.front_end)
    layers = None if layer is None else [layer]
    scores = {}
    for position, module in enumerate(encoders):
        if module is not None:
            train, test = (
                extract_features(module, data.split(name), clean, layers=layers, **options)
                for name in ("train", "test")
            )
            for task in tasks:
                sides = train.x, train.labels[task], test.x, test.labels[task]
                for k in shots:
                    scores[task, k, position] = few_shot(*sides, shots=k, queries=None, episodes=episodes, seed=seed)
    chance = {task: 1 / len(data.spec.tasks[task]) for task in tasks}
    return [
        Row(task, f"{k}-shot", scores[task, k, 0], scores.get((task, k, 1)), chance[task], chance[task], layer)
        for task in tasks
        for k in shots
    ]


def _robustness_rows(found, data, tasks, num_corrupted, layer) -> list[Row]:
    num_train, num_test = len(data.split("train")), len(data.split("test"))
    num_test = num_test if num_corrupted is None else min(num_corrupted, num_test)
    rows = []
    for task in tasks:
        scores = [each and _mean_score(each[task], num_train, num_test) for each in found]
        chance = 1 / len(data.spec.tasks[task])
        rows.append(Row(task, "corruptions", *scores, chance, chance, layer))
    return rows


def _mean_score(robustness: Robustness, num_train: int, num_test: int) -> Score:
    low, high = wilson_interval(round(robustness.mean * num_test), num_test)
    return Score(robustness.mean, low, high, num_train, num_test)
