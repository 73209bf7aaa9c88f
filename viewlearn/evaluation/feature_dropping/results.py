"""What the analysis found, and its JSON form."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from viewlearn.evaluation.feature_dropping.action import Action
from viewlearn.evaluation.feature_dropping.dependence import Dependence
from viewlearn.evaluation.feature_dropping.destruction import Destruction
from viewlearn.evaluation.probes.score import Score
from viewlearn.evaluation.results import aligned
from viewlearn.files import write_text

FORMAT = 1


@dataclass(frozen=True)
class TaskDropping:
    """One task's label under one view generator.

    Args:
        destruction: its rate, with interval.
        histogram: of the correct class's probability over views of known samples: parts in equal bins of [0, 1].
        clean_histogram: the same of these samples' clean inputs.
        dropout: the effective p, see ``effective_dropout``.
        disagreement: q, measured on pairs of views, see ``paired_disagreement``.
        num_classes: of the task.
    """

    destruction: Destruction
    histogram: list[float]
    clean_histogram: list[float]
    dropout: float
    disagreement: float
    num_classes: int


@dataclass(frozen=True)
class Generated:
    """Everything about one view generator.

    Args:
        tasks: by name.
        pairs: by "TASK & TASK" and kind of shuffle.
        action: where the views act; None where they have another shape than clean inputs.
        gaps: why a task is missing.
    """

    tasks: dict[str, TaskDropping]
    pairs: dict[str, dict[str, Dependence]]
    action: Action | None
    gaps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FeatureDropping:
    """The analysis of several view generators on one data set. ``str()`` is a table, ``save`` and ``load`` are JSON.

    Args:
        generators: by name.
        references: the clean accuracy of each task's judge.
        gaps: why a task has no judge.
        num_samples, num_draws, threshold: settings of the analysis.
    """

    generators: dict[str, Generated]
    references: dict[str, Score]
    gaps: dict[str, str]
    num_samples: int
    num_draws: int
    threshold: float

    def save(self, path: Path | str) -> Path:
        """Writes the analysis as JSON, whole or not at all."""
        path = Path(path)
        content = {"format": FORMAT, **_plain(asdict(self))}
        write_text(path, json.dumps(content))
        return path

    @classmethod
    def load(cls, path: Path | str) -> "FeatureDropping":
        """Reads what ``save`` wrote.

        Raises:
            ValueError: a file that is torn, or of a newer format.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content.pop("format", 0) > FORMAT:
            raise ValueError(f"{path} was written by a newer version of viewlearn")
        try:
            content["generators"] = {name: _generated(each) for name, each in content["generators"].items()}
            content["references"] = {task: Score(**score) for task, score in content["references"].items()}
            return cls(**content)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} is no feature-dropping analysis: {error}") from error

    def __str__(self) -> str:
        rows = [("views", "task", "destroyed", "95 %", "within samples", "dropout p", "disagreement q", "known")]
        for name, generated in self.generators.items():
            for task, found in generated.tasks.items():
                rate = found.destruction
                rows.append(
                    (
                        name,
                        task,
                        f"{100 * rate.rate:.1f} %",
                        f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
                        "—" if rate.stochastic is None else f"{100 * rate.stochastic:.0f} %",
                        f"{found.dropout:.3f}",
                        f"{found.disagreement:.3f}",
                        f"{rate.num_known}/{rate.num_samples}",
                    )
                )
        missing = {**self.gaps, **{t: g for each in self.generators.values() for t, g in each.gaps.items()}}
        return "\n".join([aligned(rows, left=2), *(f"{task}: {reason}" for task, reason in missing.items())])


def _plain(value: object) -> object:
    """Tensors as nested lists."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _generated(content: dict) -> Generated:
    tasks = {
        task: TaskDropping(**{**found, "destruction": Destruction(**found["destruction"])})
        for task, found in content["tasks"].items()
    }
    pairs = {
        pair: {kind: Dependence(**found) for kind, found in kinds.items()} for pair, kinds in content["pairs"].items()
    }
    action = content["action"]
    if action is not None:
        tensors = {name: torch.tensor(action[name]) for name in ("magnitude", "spectrum")}
        action = Action(**{**action, **tensors})
    return Generated(tasks, pairs, action, content["gaps"])
