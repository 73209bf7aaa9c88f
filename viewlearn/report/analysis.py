"""The feature-dropping analysis of runs on one data set, kept in their folders."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from viewlearn.bounds import Count, CountOrZero, Fraction, Seed, check_fields
from viewlearn.evaluation.feature_dropping import CACHE, FeatureDropping, JudgeSettings, analyze, fit_judges
from viewlearn.report.run_reader import MissingPart, RunReader
from viewlearn.runs.checkpoint import checkpoints_in, load_checkpoint
from viewlearn.runs.folder import RUN, RunFolder
from viewlearn.training.hardware import choose_precision

FINAL = "final"
STEP = "step "
FILE = "feature_dropping.json"


@dataclass(frozen=True)
class AnalysisSettings:
    """How runs are analyzed.

    Args:
        num_samples: Number of test samples.
        num_draws: Number of views of each.
        threshold: Probability of the correct class below which a label counts as destroyed.
        judge: How the judge of each task is trained; its seed is that below.
        cache: Folder of the judges, which all runs on the same data share; None trains them for this report alone.
        checkpoints: Number of kept checkpoints before the last, evenly spaced, at which learned views are analyzed.
        checkpoint_samples: Number of test samples there.
        device: Device of the analysis.
        seed: Seed of everything that is drawn.
    """

    num_samples: Count = 1_000
    num_draws: Count = 8
    threshold: Fraction = 0.5
    judge: JudgeSettings = JudgeSettings()
    cache: Path | str | None = CACHE
    checkpoints: CountOrZero = 6
    checkpoint_samples: Count = 250
    device: str = "cpu"
    seed: Seed = 0

    def __post_init__(self):
        check_fields(self)

    @property
    def is_quick(self) -> bool:
        """Whether these are the settings of ``QUICK``, wherever judges are kept and computed."""
        return replace(self, cache=QUICK.cache, device=QUICK.device) == QUICK

    def of_run(self, folder: RunFolder) -> dict[str, Any]:
        """Returns what decides the numbers, as plain values: which run, after which step, and these settings.

        Where judges are kept and computed doesn't.
        """
        settings = {name: value for name, value in asdict(self).items() if name not in ("cache", "device")}
        return {**settings, **_whose(folder)}


# What a run asks at its end: seconds where the judges are there already, and a minute or so for new data. A whitened
# network of half its cost takes fine noise for much more than it is: it no longer finds 88 % of the main job's regions
# under a Viewmaker, where this one misses 9 % and the full one 13 %.
QUICK = AnalysisSettings(
    num_samples=500, num_draws=4, judge=JudgeSettings("resnet10w8", steps=300, num_train=8_192), checkpoints=0
)


def is_quick(analysis: FeatureDropping) -> bool:
    """Whether an analysis asked judges that were trained for fewer steps than those of the full form."""
    judge = analysis.settings.get("judge")
    return isinstance(judge, dict) and judge.get("steps", 0) < JudgeSettings().steps


def saved_analysis(folder: RunFolder) -> FeatureDropping | None:
    """Reads the analysis in a run's folder; None if there is none.

    Raises:
        MissingPart: It can't be read, or is another run's, or from an earlier step.
    """
    path = folder.path / FILE
    try:
        analysis = FeatureDropping.load(path) if path.is_file() else None
    except (OSError, ValueError) as error:
        raise MissingPart(f"{path} can't be read: {error}") from error
    if analysis is not None:
        for name, value in _whose(folder).items():
            if analysis.settings.get(name, value) != value:
                raise MissingPart(f"{path} is {'of another run' if name == RUN else 'from another step of the run'}")
    return analysis


def _whose(folder: RunFolder) -> dict[str, Any]:
    """What an analysis is about."""
    checkpoints = checkpoints_in(folder.checkpoints)
    return {RUN: folder.identity, "step": checkpoints[-1][0] if checkpoints else None}


def analyze_runs(runs: Sequence[RunReader], settings: AnalysisSettings) -> dict[int, FeatureDropping]:
    """Analyzes runs on the same data with the same judges, and writes ``feature_dropping.json`` into each folder.

    Raises:
        MissingPart: The data or a run's views are missing.
        ValueError: Invalid settings.
    """
    data, device = runs[0].data, torch.device(settings.device)
    mixed_precision = choose_precision("auto", device)
    judges, gaps = fit_judges(
        data,
        settings=replace(settings.judge, seed=settings.seed),
        cache=settings.cache,
        key=runs[0].data_key,
        device=device,
        mixed_precision=mixed_precision,
    )
    analyses = {}
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
        analyses[run.index] = replace(made[FINAL], views=views, gaps=gaps, settings=settings.of_run(run.folder))
        if not any(effect.tasks for effect in views.values()):
            continue  # nothing was found out, and the reason may pass
        with suppress(OSError):  # a folder that can't be written to is reported on all the same
            analyses[run.index].save(run.folder.path / FILE)
    return analyses


def _stages(run: RunReader, settings: AnalysisSettings) -> Iterator[tuple[str, int]]:
    """Yields (name, test samples) of points in training; at each, the run's views have the weights of that point."""
    method = run.parts.method
    yield FINAL, settings.num_samples
    earlier = [path for _, path in checkpoints_in(run.folder.checkpoints)][:-1]
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
