"""What the analysis measured, and its JSON form."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from viewlearn.evaluation.feature_dropping.action import Action
from viewlearn.evaluation.feature_dropping.dependence import Dependence
from viewlearn.evaluation.feature_dropping.destruction import Destruction
from viewlearn.evaluation.score import Score
from viewlearn.files import write_text
from viewlearn.tables import text_table

FORMAT = 1


@dataclass(frozen=True)
class TaskDropping:
    """What one kind of views does to one task's label.

    Args:
        destruction: Rate at which the label is lost, with its interval.
        histogram: Histogram of the correct class's probability over views of known samples: fractions in equal bins
            of [0, 1].
        clean_histogram: The same of these samples' clean inputs.
        dropout: Effective dropout p, see ``effective_dropout``.
        disagreement: q as measured on pairs of views, see ``paired_disagreement``.
        num_classes: Number of classes of the task.
    """

    destruction: Destruction
    histogram: list[float]
    clean_histogram: list[float]
    dropout: float
    disagreement: float
    num_classes: int


@dataclass(frozen=True)
class ViewsEffect:
    """Everything that one kind of views does.

    Args:
        tasks: What they do to each task's label.
        pairs: How the destruction of two tasks' labels goes together, by "TASK & TASK" and kind of shuffle.
        action: Where the views act; None where they have another shape than clean inputs.
        gaps: Why a task is missing, by task.
    """

    tasks: dict[str, TaskDropping]
    pairs: dict[str, dict[str, Dependence]]
    action: Action | None
    gaps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FeatureDropping:
    """The analysis of several views on one data set; ``str()`` is a table, ``save`` and ``load`` are JSON.

    Args:
        views: Effect of each kind of views, by name.
        judges: Clean accuracy of each task's judge.
        gaps: Why a task has no judge, by task.
        num_samples: Number of test samples.
        num_draws: Number of draws of each sample's views.
        threshold: Probability below which a label counts as lost.
        settings: How the analysis was made, as plain values; it isn't made again for the same.
    """

    views: dict[str, ViewsEffect]
    judges: dict[str, Score]
    gaps: dict[str, str]
    num_samples: int
    num_draws: int
    threshold: float
    settings: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path | str) -> Path:
        """Writes the analysis as JSON, whole or not at all."""
        path = Path(path)
        content = {"format": FORMAT, **{name: _plain(value) for name, value in asdict(self).items()}}
        write_text(path, json.dumps(content))
        return path

    @classmethod
    def load(cls, path: Path | str) -> "FeatureDropping":
        """Reads what ``save`` wrote.

        Raises:
            ValueError: The file is torn, or has a newer format.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content.pop("format", 0) > FORMAT:
            raise ValueError(f"{path} was written by a newer version of viewlearn")
        try:
            content["views"] = {name: _views_effect(each) for name, each in content["views"].items()}
            content["judges"] = {task: Score(**score) for task, score in content["judges"].items()}
            return cls(**content)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} is no feature-dropping analysis: {error}") from error

    def __str__(self) -> str:
        head = ("views", "task", "destroyed", "95 %", "within samples", "dropout p", "disagreement q", "known")
        rows = []
        for name, effect in self.views.items():
            for task, dropping in effect.tasks.items():
                rate = dropping.destruction
                rows.append(
                    (
                        name,
                        task,
                        f"{100 * rate.rate:.1f} %",
                        f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
                        "—" if rate.stochastic is None else f"{100 * rate.stochastic:.0f} %",
                        f"{dropping.dropout:.3f}",
                        f"{dropping.disagreement:.3f}",
                        f"{rate.num_known}/{rate.num_samples}",
                    )
                )
        missing = {**self.gaps, **{t: g for effect in self.views.values() for t, g in effect.gaps.items()}}
        return "\n".join([text_table(head, rows, left=2), *(f"{task}: {reason}" for task, reason in missing.items())])


def _plain(value: object) -> object:
    """Tensors as nested lists."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _views_effect(content: Mapping[str, Any]) -> ViewsEffect:
    tasks = {task: _task_dropping(dropping) for task, dropping in content["tasks"].items()}
    pairs = {
        pair: {kind: Dependence(**each) for kind, each in kinds.items()} for pair, kinds in content["pairs"].items()
    }
    action = None if content["action"] is None else _action(content["action"])
    return ViewsEffect(tasks, pairs, action, content["gaps"])


def _task_dropping(content: Mapping[str, Any]) -> TaskDropping:
    rest = {name: value for name, value in content.items() if name != "destruction"}
    return TaskDropping(destruction=Destruction(**content["destruction"]), **rest)


def _action(content: Mapping[str, Any]) -> Action:
    rest = {name: value for name, value in content.items() if name not in ("magnitude", "spectrum")}
    return Action(magnitude=torch.tensor(content["magnitude"]), spectrum=torch.tensor(content["spectrum"]), **rest)
