"""The whole analysis of one data set under any number of views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Data, take
from viewlearn.evaluation.feature_dropping.action import ActionMeter
from viewlearn.evaluation.feature_dropping.cache import kept_judge
from viewlearn.evaluation.feature_dropping.dependence import Dependence, Shuffle, dependence
from viewlearn.evaluation.feature_dropping.destruction import (
    TooFewKnown,
    destroyed,
    destruction,
    histogram,
    pair_loss,
)
from viewlearn.evaluation.feature_dropping.dropout import effective_dropout, paired_disagreement
from viewlearn.evaluation.feature_dropping.judge import Judge, JudgeSettings, NoLabels, fit_judge, true_probability
from viewlearn.evaluation.feature_dropping.results import FeatureDropping, TaskDropping, ViewsEffect
from viewlearn.evaluation.frozen import MixedPrecision, evaluation_mode
from viewlearn.sampling import subset
from viewlearn.views import Compose, pipeline

SHUFFLES: tuple[Shuffle, ...] = ("samples", "draws")


def fit_judges(
    data: Data,
    tasks: Sequence[str] | None = None,
    settings: JudgeSettings = JudgeSettings(),
    *,
    cache: Path | str | None = None,
    key: str = "",
    device: torch.device | str = "cpu",
    mixed_precision: MixedPrecision = "no",
) -> tuple[dict[str, Judge], dict[str, str]]:
    """Trains a judge for each task that has labels.

    Args:
        data: Data of the run.
        tasks: Tasks to judge; None for all of the data's.
        settings: How judges are trained.
        cache: Folder in which judges are looked for and kept, see ``kept_judge``; None trains them here and now.
        key: What tells these data from others in the cache.
        device: Device of training.
        mixed_precision: Precision of training.

    Returns:
        ``{task: judge}``, and ``{task: reason}`` of the tasks that have none.

    Raises:
        ValueError: A task is unknown.
    """
    judges, gaps = {}, {}
    for task in data.spec.tasks if tasks is None else tasks:
        try:
            if cache is None:
                judges[task] = fit_judge(data, task, settings, device=device, mixed_precision=mixed_precision)
            else:
                judges[task] = kept_judge(
                    data, task, cache, key, settings, device=device, mixed_precision=mixed_precision
                )
        except NoLabels as error:
            gaps[task] = str(error)
    return judges, gaps


def analyze(
    data: Data,
    views: Mapping[str, Compose],
    judges: Mapping[str, Judge] | None = None,
    *,
    num_samples: int = 1_000,
    num_draws: int = 8,
    threshold: float = 0.5,
    batch_size: int = 250,
    device: torch.device | str = "cpu",
    mixed_precision: MixedPrecision = "no",
    seed: int = 0,
) -> FeatureDropping:
    """Measures what views destroy: labels of every task, alone and together, and where the views act.

    All views see the same samples, each with its own draws from an equal seed, and every task is judged on the same
    draws. Several views may be several kinds of them, or those of one run at several checkpoints.

    Args:
        data: Data whose test split is viewed; where it keeps overlays apart, their opacity is known.
        views: Whole pipelines, by name, from stored samples to the encoder's input, see ``viewlearn.views.pipeline``.
        judges: Judges by task; None trains them here.
        num_samples: Number of test samples at most, drawn at random.
        num_draws: Number of draws of each sample's views, at least 2.
        threshold: Probability below which a label counts as lost, see ``destroyed``.
        batch_size: Number of samples viewed at a time.
        device: Device of views and judges.
        mixed_precision: Precision of the judges.
        seed: Seed of samples, draws and shuffles.

    Raises:
        ValueError: There are no views, or fewer than two draws.
    """
    if not views or num_draws < 2:
        raise ValueError(f"{len(views)} views and {num_draws} draws; at least 1 and 2 are needed")
    gaps: dict[str, str] = {}
    if judges is None:
        judges, gaps = fit_judges(
            data, settings=JudgeSettings(seed=seed), device=device, mixed_precision=mixed_precision
        )
    dataset = data.split("test")
    samples = take(dataset, subset(len(dataset), num_samples, seed).sort().values)
    panel = _Panel(data, judges, batch_size, torch.device(device), mixed_precision, seed)
    clean = panel.probabilities(pipeline(data.decode, data.front_end), samples)
    effects = {}
    for name, each in views.items():
        meter = ActionMeter(torch.Generator().manual_seed(seed))
        viewed = panel.probabilities(each, samples, num_draws, meter)
        effects[name] = _effect(clean, viewed, data.spec.tasks, threshold, meter, seed)
    scores = {task: judge.score for task, judge in judges.items()}
    return FeatureDropping(effects, scores, gaps, len(samples), num_draws, threshold)


@dataclass(frozen=True)
class _Panel:
    """The judges, and how they are consulted."""

    data: Data
    judges: Mapping[str, Judge]
    batch_size: int
    device: torch.device
    mixed_precision: MixedPrecision
    seed: int

    def probabilities(
        self, views: Compose, samples: ArrayDataset, num_draws: int = 1, meter: ActionMeter | None = None
    ) -> dict[str, Tensor]:
        """Each task's probabilities of the correct class, ``(num_samples, num_draws)``; a meter sees the views, too."""
        generator = torch.Generator().manual_seed(self.seed)
        clean_view = pipeline(self.data.decode, self.data.front_end).to(self.device)
        parts: dict[str, list[Tensor]] = {task: [] for task in self.judges}
        with evaluation_mode(views.to(self.device)), torch.no_grad():
            for start in range(0, len(samples), self.batch_size):
                rows = slice(start, start + self.batch_size)
                stored = samples.x[rows].to(self.device)
                clean = stored if meter is None else clean_view(stored)
                drawn: dict[str, list[Tensor]] = {task: [] for task in self.judges}
                for _ in range(num_draws):
                    viewed = views(stored, generator)
                    if meter is not None and clean.shape == viewed.shape:
                        meter.add(clean, viewed, self.data.overlay_opacity(stored))
                    for task, judge in self.judges.items():
                        y = samples.labels[task][rows].to(self.device)
                        drawn[task].append(true_probability(judge, viewed, y, self.mixed_precision).cpu())
                for task, columns in drawn.items():
                    parts[task].append(torch.stack(columns, dim=1))
        return {task: torch.cat(rows) for task, rows in parts.items()}


def _effect(
    clean: Mapping[str, Tensor],
    viewed: Mapping[str, Tensor],
    classes: Mapping[str, Sequence[str]],
    threshold: float,
    meter: ActionMeter,
    seed: int,
) -> ViewsEffect:
    tasks, gaps, lost = {}, {}, {}
    for task, probabilities in viewed.items():
        try:
            rate = destruction(clean[task][:, 0], probabilities, threshold)
        except TooFewKnown as error:
            gaps[task] = str(error)
            continue
        events, known = destroyed(clean[task][:, 0], probabilities, threshold)
        lost[task] = torch.zeros(probabilities.shape, dtype=torch.bool).index_put((known,), events), known
        num_classes, pairs = len(classes[task]), pair_loss(events)
        tasks[task] = TaskDropping(
            destruction=rate,
            histogram=histogram(probabilities[known]),
            clean_histogram=histogram(clean[task][known]),
            dropout=effective_dropout(rate.rate, num_classes),
            disagreement=paired_disagreement(rate.rate, pairs, num_classes),
            num_classes=num_classes,
        )
    return ViewsEffect(tasks, _pairs(lost, seed), meter.result() if meter.num_views else None, gaps)


def _pairs(lost: Mapping[str, tuple[Tensor, Tensor]], seed: int) -> dict[str, dict[str, Dependence]]:
    """By "TASK & TASK", then by kind of shuffle: the dependence of two tasks' destruction on samples known for both."""
    pairs: dict[str, dict[str, Dependence]] = {}
    names = list(lost)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            (a, known_a), (b, known_b) = lost[first], lost[second]
            rows = known_a[torch.isin(known_a, known_b)]
            if len(rows):
                pairs[f"{first} & {second}"] = {
                    kind: dependence(a[rows], b[rows], shuffle=kind, generator=torch.Generator().manual_seed(seed))
                    for kind in SHUFFLES
                }
    return pairs
