"""The feature-dropping analysis of runs on one data set, kept in their folders."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from viewlearn.evaluation.feature_dropping import FeatureDropping, analyse, fit_references
from viewlearn.report.opened import OpenedRun, attempt
from viewlearn.training.checkpoint import load_checkpoint

FINAL = "final"
FILE = "feature_dropping.json"


@dataclass(frozen=True)
class AnalysisSettings:
    """How runs are analysed.

    Args:
        num_samples: test samples.
        num_draws: views of each.
        threshold: probability of the correct class below which a label counts as destroyed.
        reference: network that judges each task, see ``fit_reference``.
        epochs: of its training.
        num_train: of its training samples.
        checkpoints: analyse learned views at every kept checkpoint, not only at the end.
        device: where it runs.
        seed: of everything that is drawn.
    """

    num_samples: int = 1_000
    num_draws: int = 8
    threshold: float = 0.5
    reference: str = "resnet10w16"
    epochs: int = 5
    num_train: int = 8_000
    checkpoints: bool = True
    device: str = "cpu"
    seed: int = 0


def saved(run: OpenedRun) -> FeatureDropping | None:
    """The analysis in a run's folder; None if there is none.

    Raises:
        Missing: it can't be read.
    """
    path = run.folder.path / FILE
    return attempt(lambda: FeatureDropping.load(path)) if path.is_file() else None


def analyse_runs(runs: Sequence[OpenedRun], settings: AnalysisSettings) -> dict[int, FeatureDropping]:
    """Analyses runs on the same data, with the same judges, and writes ``feature_dropping.json`` into each folder.

    Raises:
        Missing: the data or a run's views can't be had.
    """
    data = runs[0].data
    references, gaps = attempt(
        lambda: fit_references(
            data,
            name=settings.reference,
            epochs=settings.epochs,
            num_train=settings.num_train,
            device=settings.device,
            seed=settings.seed,
        )
    )
    found = {}
    for run in runs:
        options = {key: asdict(settings)[key] for key in ("num_samples", "num_draws", "threshold", "device", "seed")}
        made = [
            analyse(run.data, {name: run.parts.method.views}, references, **options)
            for name in _stages(run, settings.checkpoints)
        ]
        generators = {name: each for part in made for name, each in part.generators.items()}
        found[run.index] = replace(made[0], generators=generators, gaps=gaps)
        with suppress(OSError):  # a folder that can't be written to is reported on all the same
            found[run.index].save(run.folder.path / FILE)
    return found


def _stages(run: OpenedRun, checkpoints: bool) -> Iterator[str]:
    """Names of the points in training to analyse; at each the run's views have their weights of then."""
    method = run.parts.method
    newest = {name: value.clone() for name, value in method.state_dict().items()}
    yield FINAL
    if not (checkpoints and method.adversarial):
        return
    for path in sorted(run.folder.checkpoints.glob("step_*"))[:-1]:
        state = _whole(path)
        if state is not None:
            method.load_state_dict(state)
            yield f"step {int(path.name.removeprefix('step_'))}"
    method.load_state_dict(newest)


def _whole(path: Path) -> dict[str, torch.Tensor] | None:
    try:
        return load_checkpoint(path)["method"]
    except ValueError:  # torn: the run's warnings say so
        return None
