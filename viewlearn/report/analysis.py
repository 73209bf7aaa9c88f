"""The feature-dropping analysis of runs on one data set, kept in their folders."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from viewlearn.evaluation.feature_dropping import CACHE, FeatureDropping, JudgeSettings, analyze, fit_judges
from viewlearn.report.reader import OpenedRun, attempt
from viewlearn.runs.checkpoint import load_checkpoint
from viewlearn.training.hardware import choose_precision

FINAL = "final"
STEP = "step "
FILE = "feature_dropping.json"


@dataclass(frozen=True)
class AnalysisSettings:
    """How runs are analyzed.

    Args:
        num_samples: test samples.
        num_draws: views of each.
        threshold: probability of the correct class below which a label counts as destroyed.
        judge: How the judge of each task is trained; its seed is that below.
        cache: folder of the judges, which all runs on the same data share; none trains them for this report alone.
        checkpoints: analyze learned views at so many kept checkpoints before the last, evenly spaced; 0 for none.
        checkpoint_samples: test samples there.
        device: where it runs.
        seed: of everything that is drawn.
    """

    num_samples: int = 1_000
    num_draws: int = 8
    threshold: float = 0.5
    judge: JudgeSettings = JudgeSettings()
    cache: Path | str | None = CACHE
    checkpoints: int = 6
    checkpoint_samples: int = 250
    device: str = "cpu"
    seed: int = 0


def saved(run: OpenedRun) -> FeatureDropping | None:
    """The analysis in a run's folder; None if there is none.

    Raises:
        Missing: it can't be read.
    """
    path = run.folder.path / FILE
    return attempt(lambda: FeatureDropping.load(path)) if path.is_file() else None


def analyze_runs(runs: Sequence[OpenedRun], settings: AnalysisSettings) -> dict[int, FeatureDropping]:
    """Analyses runs on the same data, with the same judges, and writes ``feature_dropping.json`` into each folder.

    Raises:
        Missing: the data or a run's views can't be had.
    """
    data, device = runs[0].data, torch.device(settings.device)
    mixed_precision = choose_precision("auto", device)
    judges, gaps = attempt(
        lambda: fit_judges(
            data,
            settings=replace(settings.judge, seed=settings.seed),
            cache=settings.cache,
            key=runs[0].data_key,
            device=device,
            mixed_precision=mixed_precision,
        )
    )
    found = {}
    for run in runs:
        made = {}
        for name, num_samples in _stages(run, settings):
            made[name] = analyze(
                run.data,
                {name: run.parts.method.views},
                judges,
                num_samples=num_samples,
                num_draws=settings.num_draws,
                threshold=settings.threshold,
                device=device,
                mixed_precision=mixed_precision,
                seed=settings.seed,
            )
        views = {name: part.views[name] for name, part in made.items()}
        found[run.index] = replace(made[FINAL], views=views, gaps=gaps)
        with suppress(OSError):  # a folder that can't be written to is reported on all the same
            found[run.index].save(run.folder.path / FILE)
    return found


def _stages(run: OpenedRun, settings: AnalysisSettings) -> Iterator[tuple[str, int]]:
    """(name, test samples) of the points in training to analyze; at each the run's views have their weights of then."""
    method = run.parts.method
    yield FINAL, settings.num_samples
    earlier = sorted(run.folder.checkpoints.glob("step_*"))[:-1]
    if not (settings.checkpoints and earlier and method.adversarial):
        return
    newest = {name: value.clone() for name, value in method.state_dict().items()}
    places = torch.linspace(0, len(earlier) - 1, min(settings.checkpoints, len(earlier))).round().int()
    for path in (earlier[i] for i in places.tolist()):
        state = _whole(path)
        if state is not None:
            method.load_state_dict(state)
            yield STEP + str(int(path.name.removeprefix("step_"))), settings.checkpoint_samples
    method.load_state_dict(newest)


def _whole(path: Path) -> dict[str, torch.Tensor] | None:
    try:
        return load_checkpoint(path)["method"]
    except ValueError:  # torn: the run's warnings say so
        return None
