"""Everything that frozen features are asked, in one table: tasks, factors, few shots, corruptions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from viewlearn.evaluation.probes.clean import clean_features, labels_of
from viewlearn.evaluation.probes.factor_probe import factor_probe
from viewlearn.evaluation.probes.features import Features, Precision
from viewlearn.evaluation.probes.few_shot import few_shot
from viewlearn.evaluation.probes.intervals import wilson_interval
from viewlearn.evaluation.probes.linear import L2_GRID
from viewlearn.evaluation.probes.robustness import Robustness, corruption_robustness
from viewlearn.evaluation.probes.score import Score
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.tasks import Probe, check_names, probe_features
from viewlearn.views import View


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
        shots: labeled samples per class of the few-shot rows.
        episodes: draws of these samples.
        corruptions: see ``corruption_robustness``.
        num_corrupted: test samples under corruptions; None for all.
        layers: which features, see ``evaluate``.
        random_encoder: an encoder at its initialization to compare with; None leaves it out.
        l2, batch_size, device, precision: see ``evaluate``.
        seed: of all draws.

    Raises:
        ValueError: as the functions that are named do.
    """
    options = {"batch_size": batch_size, "device": device, "precision": precision}
    tasks = list(data.spec.tasks if tasks is None else tasks)
    check_names(tasks, methods, data.spec.tasks)
    encoders = [module for module in (encoder, random_encoder) if module is not None]
    clean = [clean_features(module, data, layers=layers, **options) for module in encoders] if tasks else []
    num_classes = {task: len(data.spec.tasks[task]) for task in tasks}
    results = Results()
    if tasks:
        results = probe_features(*_pair(clean), num_classes, methods, layers=layers, l2=l2, device=device)
    rows, info = list(results.rows), dict(results.info)
    for name, asked in (factors or {}).items():
        about = {"num_classes": asked.num_classes, "name": name, "layers": layers, "random_encoder": random_encoder}
        rows += factor_probe(encoder, data, asked.view, asked.leaf, **about, l2=l2, seed=seed, **options)
    if shots and tasks:
        rows += _few_shot_rows(clean, num_classes, shots, episodes, layers, seed)
    if corruptions and tasks:
        about = {"layers": layers, "num_test": num_corrupted, "l2": l2, "seed": seed}
        found = [
            corruption_robustness(module, data, tasks, corruptions, features=features, **about, **options)
            for module, features in zip(encoders, clean, strict=True)
        ]
        info["robustness"] = {"/".join(filter(None, key)): each.to_dict() for key, each in found[0].items()}
        rows += _robustness_rows(found, clean[0], num_classes, num_corrupted)
    return Results(tuple(rows), info)


def _pair(found: Sequence) -> tuple:
    """What was found for the trained encoder and for the random one, None where there is none."""
    return found[0], found[1] if len(found) > 1 else None


def _few_shot_rows(clean, num_classes, shots, episodes, layers, seed) -> list[Row]:
    rows = []
    for task, num in num_classes.items():
        for k in shots:
            for layer in layers or [None]:
                about = {"shots": k, "queries": None, "episodes": episodes, "seed": seed}
                scores = [few_shot(*_sides(each, task, layer), **about) for each in clean]
                rows.append(Row(task, f"{k}-shot", *_pair(scores), 1 / num, 1 / num, layer))
    return rows


def _sides(features: Mapping[str, Features], task: str, layer: str | None) -> list[Tensor]:
    """Features and labels of train, then of test."""
    splits = (features["train"], features["test"])
    return [part for split in splits for part in (split.of(layer), labels_of(split, task))]


def _robustness_rows(found, clean, num_classes, num_corrupted) -> list[Row]:
    num_train, num_test = len(clean["train"].index), len(clean["test"].index)
    num_test = num_test if num_corrupted is None else min(num_corrupted, num_test)
    rows = []
    for task, layer in found[0]:
        scores = [_mean_score(each[task, layer], num_train, num_test) for each in found]
        chance = 1 / num_classes[task]
        rows.append(Row(task, "corruptions", *_pair(scores), chance, chance, layer))
    return rows


def _mean_score(robustness: Robustness, num_train: int, num_test: int) -> Score:
    low, high = wilson_interval(round(robustness.mean * num_test), num_test)
    return Score(robustness.mean, low, high, num_train, num_test)
