"""The whole analysis of one data set under any number of view generators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from viewlearn.data import Data, take
from viewlearn.evaluation.feature_dropping.action import ActionMeter
from viewlearn.evaluation.feature_dropping.cache import kept_reference
from viewlearn.evaluation.feature_dropping.dependence import dependence
from viewlearn.evaluation.feature_dropping.destruction import destroyed, destruction, histogram, pair_loss
from viewlearn.evaluation.feature_dropping.dropout import effective_dropout, paired_disagreement
from viewlearn.evaluation.feature_dropping.judge import Reference, fit_reference, true_probability
from viewlearn.evaluation.feature_dropping.results import FeatureDropping, Generated, TaskDropping
from viewlearn.evaluation.probes.features import Precision, evaluation_mode
from viewlearn.sampling import subset
from viewlearn.views import Compose, pipeline


def fit_references(
    data: Data, tasks: Sequence[str] | None = None, *, cache: Path | str | None = None, key: str = "", **settings
) -> tuple[dict, dict[str, str]]:
    """A reference classifier for each task that has labels; why there is none for the others.

    Args:
        data: of the run.
        tasks: which; None for all of the data's.
        cache: folder in which judges are looked for and kept, see ``kept_reference``; None trains them here and now.
        key: of the data there.
        settings: of ``fit_reference``.

    Returns:
        {task: Reference} and {task: reason}.
    """
    references, gaps = {}, {}
    for task in data.spec.tasks if tasks is None else tasks:
        try:
            if cache is None:
                references[task] = fit_reference(data, task, **settings)
            else:
                references[task] = kept_reference(data, task, cache, key, **settings)
        except ValueError as error:
            gaps[task] = str(error)
    return references, gaps


def analyze(
    data: Data,
    generators: Mapping[str, Compose],
    references: Mapping[str, Reference] | None = None,
    *,
    num_samples: int = 1_000,
    num_draws: int = 8,
    threshold: float = 0.5,
    batch_size: int = 250,
    device: torch.device | str = "cpu",
    precision: Precision = "no",
    seed: int = 0,
) -> FeatureDropping:
    """What each view generator destroys: labels of every task, alone and together, and where it acts.

    All generators see the same samples, each with its own draws from an equal seed; every task is judged on the same
    views. Several generators may be several kinds of views, or one run's at several checkpoints.

    Args:
        data: whose test split is viewed; built with its layers kept, where it has any, overlay masks are known.
        generators: by name, whole pipelines from stored samples to the encoder's input, see
            ``viewlearn.views.pipeline``.
        references: by task; fitted here when not given.
        num_samples: test samples, drawn at random; all if there are fewer.
        num_draws: views of each.
        threshold: see ``destroyed``.
        batch_size: samples at a time.
        device: where views and references run.
        precision: of the references: "no" for float32, or the autocast dtype.
        seed: of samples, draws and shuffles.

    Raises:
        ValueError: no generators, or draws below 2.
    """
    if not generators or num_draws < 2:
        raise ValueError(f"{len(generators)} generators and {num_draws} draws; at least 1 and 2 are needed")
    gaps: dict[str, str] = {}
    if references is None:
        references, gaps = fit_references(data, device=device, precision=precision, seed=seed)
    x, labels = _test_samples(data, num_samples, seed)
    judges = _Judges(data, references, batch_size, device, precision, seed)
    clean = judges.probabilities(pipeline(data.decode, data.front_end), x, labels)
    made = {}
    for name, views in generators.items():
        meter = ActionMeter(torch.Generator().manual_seed(seed))
        viewed = judges.probabilities(views, x, labels, num_draws, meter)
        made[name] = _generated(clean, viewed, data.spec.tasks, threshold, meter, seed)
    scores = {task: reference.score for task, reference in references.items()}
    return FeatureDropping(made, scores, gaps, len(x), num_draws, threshold)


def _test_samples(data: Data, num_samples: int, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    dataset = data.split("test")
    samples = take(dataset, subset(len(dataset), num_samples, seed).sort().values)
    return samples.x, samples.labels


@dataclass(frozen=True)
class _Judges:
    """The references, and how they are asked."""

    data: Data
    references: Mapping[str, Reference]
    batch_size: int
    device: torch.device | str
    precision: Precision
    seed: int

    def probabilities(
        self,
        views: Compose,
        x: Tensor,
        labels: dict[str, Tensor],
        num_draws: int = 1,
        meter: ActionMeter | None = None,
    ) -> dict[str, Tensor]:
        """{task: (num_samples, num_draws)} probabilities of the correct class; also shows the views to a meter."""
        generator = torch.Generator().manual_seed(self.seed)
        parts: dict[str, list[Tensor]] = {task: [] for task in self.references}
        with evaluation_mode(views.to(self.device)), torch.no_grad():
            for start in range(0, len(x), self.batch_size):
                rows = slice(start, start + self.batch_size)
                stored = x[rows].to(self.device)
                clean = None if meter is None else pipeline(self.data.decode, self.data.front_end)(stored)
                drawn: dict[str, list[Tensor]] = {task: [] for task in self.references}
                for _ in range(num_draws):
                    viewed = views(stored, generator)
                    if meter is not None and clean.shape == viewed.shape:
                        meter.add(clean, viewed, self._opacity(stored))
                    for task, reference in self.references.items():
                        y = labels[task][rows].to(self.device)
                        drawn[task].append(true_probability(reference, viewed, y, self.precision).cpu())
                for task, columns in drawn.items():
                    parts[task].append(torch.stack(columns, dim=1))
        return {task: torch.cat(rows) for task, rows in parts.items()}

    def _opacity(self, stored: Tensor) -> Tensor | None:
        """The overlay's, (batch, height, width), of images that keep it in four channels behind their own."""
        spec = self.data.spec
        layered = stored.ndim == 4 and spec.sample_rate is None and stored.shape[1] == spec.shape[0] + 4
        return self.data.decode(stored)[:, -1] if layered else None


def _generated(
    clean: dict[str, Tensor],
    viewed: dict[str, Tensor],
    classes: Mapping[str, Sequence[str]],
    threshold: float,
    meter: ActionMeter,
    seed: int,
) -> Generated:
    tasks, gaps, lost = {}, {}, {}
    for task, probabilities in viewed.items():
        try:
            rate = destruction(clean[task][:, 0], probabilities, threshold)
        except ValueError as error:
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
    return Generated(tasks, _pairs(lost, seed), meter.result() if meter.num_views else None, gaps)


def _pairs(lost: dict[str, tuple[Tensor, Tensor]], seed: int) -> dict[str, dict]:
    """By "TASK & TASK", then by kind of shuffle: the dependence of two tasks' destruction on samples known for both."""
    pairs: dict[str, dict] = {}
    names = list(lost)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            (a, known_a), (b, known_b) = lost[first], lost[second]
            rows = known_a[torch.isin(known_a, known_b)]
            if len(rows):
                pairs[f"{first} & {second}"] = {
                    kind: dependence(a[rows], b[rows], shuffle=kind, generator=torch.Generator().manual_seed(seed))
                    for kind in ("samples", "draws")
                }
    return pairs
