"""Everything that frozen features are asked, in one table: tasks, factors, few shots, corruptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from viewlearn.bounds import Count, Positive, PositiveFraction, Seed, check_fields
from viewlearn.data import Data, unanswerable
from viewlearn.evaluation.intervals import wilson_interval
from viewlearn.evaluation.probes.factor_probe import factor_probe
from viewlearn.evaluation.probes.features import Extraction
from viewlearn.evaluation.probes.few_shot import few_shot
from viewlearn.evaluation.probes.fine_tuning import FineTuning, fine_tune, labeled_part
from viewlearn.evaluation.probes.linear import L2_GRID, linear_probe
from viewlearn.evaluation.probes.parameter_classes import ParameterClasses
from viewlearn.evaluation.probes.robustness import Corruptions, Robustness, corruption_robustness
from viewlearn.evaluation.probes.splits import SplitFeatures, clean_features, validation_samples
from viewlearn.evaluation.probes.tasks import PROBES, Probe, check_names, probe_tasks
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.score import Score


@dataclass(frozen=True)
class EvaluationPlan:
    """What is evaluated.

    Args:
        tasks: Tasks of the data; None for all that can be asked about, see ``unanswerable``.
        probes: Probes of clean inputs, of "linear" and "knn".
        l2: Regularization of linear probes, or several to choose from.
        k: Number of neighbors that vote in kNN.
        temperature: Temperature of their votes.
        factors: What to predict besides the tasks, by name.
        shots: Numbers of labeled samples per class of few-shot rows.
        episodes: Number of few-shot episodes.
        label_fractions: Fractions of the labels that semi-supervised rows are given, such as 0.01 and 0.1.
        fine_tuning: How encoders are trained further with these; None asks them frozen only.
        corruptions: Corruptions of the test samples, see ``corruption_robustness``; none by default.
        num_corrupted: Number of test samples under corruptions; None for all.
        seed: Seed of all draws.
    """

    tasks: Sequence[str] | None = None
    probes: Sequence[Probe] = PROBES
    l2: Positive | Sequence[Positive] = L2_GRID
    k: Count = 200
    temperature: Positive = 0.1
    factors: Mapping[str, ParameterClasses] = field(default_factory=dict)
    shots: Sequence[Count] = ()
    episodes: Count = 10
    label_fractions: Sequence[PositiveFraction] = ()
    fine_tuning: FineTuning | None = None
    corruptions: Corruptions = field(default_factory=dict)
    num_corrupted: Count | None = None
    seed: Seed = 0

    def __post_init__(self):
        check_fields(self)


def evaluate(
    encoder: nn.Module,
    data: Data,
    plan: EvaluationPlan = EvaluationPlan(),
    extraction: Extraction = Extraction(),
    *,
    random_encoder: nn.Module | None = None,
) -> Results:
    """Evaluates a frozen encoder: LooC's evaluation and more, one row per question and layer beside chance.

    Rows of the probes "linear" and "knn" are those of ``probe_tasks``; "factor" of ``factor_probe``; "k-shot" of
    ``few_shot``, all-way with the whole test split as queries; "linear-10%" of ``linear_probe`` with a tenth of each
    class's labels, and "fine-tuned-10%" of ``fine_tune`` with the same; "corruptions" is the mean of
    ``corruption_robustness``, whose accuracies are under ``info["robustness"]`` and whose interval is that of one test
    split. Features of each split are extracted once per encoder. Without tasks and factors, nothing is read and the
    results are empty.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``; ``Layered`` if layers are asked for.
        data: Data to evaluate on.
        plan: What is evaluated.
        extraction: Layers, each in turn; batch size, device, precision and reading processes.
        random_encoder: Encoder at its initialization to compare with, such as ``reinitialized(encoder)``; None leaves
            it out.

    Raises:
        ValueError: A task or probe is unknown, a task has no labels, features aren't finite, or as the functions named
            above do.
    """
    if plan.tasks is None:
        left_out = unanswerable(data)
        tasks = [task for task in data.spec.tasks if task not in left_out]
    else:
        tasks = list(plan.tasks)
    check_names(tasks, plan.probes, data.spec.tasks)
    num_classes = {task: len(data.spec.tasks[task]) for task in tasks}
    rows, after, info = (
        _task_rows(encoder, random_encoder, data, num_classes, plan, extraction) if tasks else ([], [], {})
    )
    for name, factor in plan.factors.items():
        rows += factor_probe(
            encoder,
            data,
            factor,
            name=name,
            random_encoder=random_encoder,
            l2=plan.l2,
            seed=plan.seed,
            extraction=extraction,
        )
    return Results((*rows, *after), info)


def _task_rows(
    encoder: nn.Module,
    random_encoder: nn.Module | None,
    data: Data,
    num_classes: Mapping[str, int],
    plan: EvaluationPlan,
    extraction: Extraction,
) -> tuple[list[Row], list[Row], dict[str, object]]:
    """Rows of all tasks, those of few shots and corruptions apart, and what there is to know about them."""
    trained = clean_features(encoder, data, extraction)
    random = None if random_encoder is None else clean_features(random_encoder, data, extraction)
    rows = probe_tasks(
        trained,
        random,
        num_classes,
        plan.probes,
        layers=extraction.probed,
        l2=plan.l2,
        k=plan.k,
        temperature=plan.temperature,
        device=extraction.device,
    )
    info: dict[str, object] = {
        "num_features": {layer or "output": trained["test"].of(layer).shape[1] for layer in extraction.probed}
    }
    after = [
        _few_shot_row(trained, random, task, num, shots, layer, plan)
        for task, num in num_classes.items()
        for shots in plan.shots
        for layer in extraction.probed
    ]
    after += [
        row
        for task, num in num_classes.items()
        for fraction in plan.label_fractions
        for row in _fraction_rows(
            (encoder, random_encoder), data, (trained, random), task, num, fraction, plan, extraction
        )
    ]
    if plan.corruptions:
        robustness = _robustness(encoder, data, trained, list(num_classes), plan, extraction)
        beside = None
        if random_encoder is not None and random is not None:
            beside = _robustness(random_encoder, data, random, list(num_classes), plan, extraction)
        info["robustness"] = {"/".join(filter(None, key)): each.to_dict() for key, each in robustness.items()}
        num_train, num_test = len(trained["train"].index), len(trained["test"].index)
        num_test = num_test if plan.num_corrupted is None else min(plan.num_corrupted, num_test)
        for (task, layer), each in robustness.items():
            own = _mean_score(each, num_train, num_test)
            other = None if beside is None else _mean_score(beside[task, layer], num_train, num_test)
            chance = 1 / num_classes[task]
            after.append(Row(task, "corruptions", own, other, chance, chance, layer))
    return rows, after, info


def _few_shot_row(
    trained: SplitFeatures,
    random: SplitFeatures | None,
    task: str,
    num_classes: int,
    shots: int,
    layer: str | None,
    plan: EvaluationPlan,
) -> Row:
    def score(features: SplitFeatures) -> Score:
        train, test = features["train"], features["test"]
        sides = train.of(layer), train.labels_of(task), test.of(layer), test.labels_of(task)
        return few_shot(*sides, shots=shots, queries=None, episodes=plan.episodes, seed=plan.seed)

    other = None if random is None else score(random)
    return Row(task, f"{shots}-shot", score(trained), other, 1 / num_classes, 1 / num_classes, layer)


def _fraction_rows(
    encoders: tuple[nn.Module, nn.Module | None],
    data: Data,
    features: tuple[SplitFeatures, SplitFeatures | None],
    task: str,
    num_classes: int,
    fraction: float,
    plan: EvaluationPlan,
    extraction: Extraction,
) -> list[Row]:
    """Rows with a part of the labels: each layer frozen, and the encoder fine-tuned; both for trained and random."""
    kept = labeled_part(features[0]["train"].labels_of(task), fraction, plan.seed)

    def frozen(side: SplitFeatures, layer: str | None) -> Score:
        train, test = side["train"], side["test"]
        sides = train.of(layer)[kept], train.labels_of(task)[kept], test.of(layer), test.labels_of(task)
        return linear_probe(
            *sides, l2=plan.l2, validation=validation_samples(side, task, layer), device=extraction.device
        )

    def tuned(module: nn.Module) -> Score:
        assert plan.fine_tuning is not None
        return fine_tune(module, data, task, fraction, plan.fine_tuning, extraction, seed=plan.seed)

    chance = 1 / num_classes
    random = features[1]
    rows = []
    for layer in extraction.probed:
        other = None if random is None else frozen(random, layer)
        rows.append(Row(task, f"linear-{100 * fraction:g}%", frozen(features[0], layer), other, chance, chance, layer))
    if plan.fine_tuning is not None:
        other = None if encoders[1] is None else tuned(encoders[1])
        rows.append(Row(task, f"fine-tuned-{100 * fraction:g}%", tuned(encoders[0]), other, chance, chance))
    return rows


def _robustness(
    encoder: nn.Module,
    data: Data,
    features: SplitFeatures,
    tasks: Sequence[str],
    plan: EvaluationPlan,
    extraction: Extraction,
) -> dict[tuple[str, str | None], Robustness]:
    return corruption_robustness(
        encoder,
        data,
        tasks,
        plan.corruptions,
        num_test=plan.num_corrupted,
        l2=plan.l2,
        seed=plan.seed,
        features=features,
        extraction=extraction,
    )


def _mean_score(robustness: Robustness, num_train: int, num_test: int) -> Score:
    low, high = wilson_interval(round(robustness.mean * num_test), num_test)
    return Score(robustness.mean, low, high, num_train, num_test)
