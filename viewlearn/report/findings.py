"""What runs found, in sentences: each with its number and interval, and only what the data support."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.evaluation.feature_dropping.destruction import Destruction
from viewlearn.evaluation.results import Results, Row, percent
from viewlearn.evaluation.score import Difference
from viewlearn.report.analysis import FINAL, STEP
from viewlearn.report.blocks import Finding, Tone

MAIN_PROBE = "linear"
PROBES = {"linear": "a linear probe", "knn": "kNN"}


@dataclass(frozen=True)
class Outcome:
    """What is known of a run when its findings are written.

    Args:
        name: Name of the run.
        results: Its evaluation; None if there is none.
        dropping: What its views destroy; None if that wasn't measured.
        learned: Whether its views were learned; None if that isn't known.
        why_unrated: Why there is no evaluation.
        why_unmeasured: Why it isn't known what the views destroy.
    """

    name: str
    results: Results | None = None
    dropping: FeatureDropping | None = None
    learned: bool | None = None
    why_unrated: str = ""
    why_unmeasured: str = ""


def findings(runs: Sequence[Outcome]) -> list[Finding]:
    """States what runs on the same data found: what their views destroyed, then each task.

    A difference is stated where its 95 % interval excludes zero, and called none that is seen elsewhere.
    """
    found = list(_destruction(runs))
    rated = [run for run in runs if run.results is not None]
    tasks = dict.fromkeys(row.task for run in rated if run.results for row in run.results.rows)
    for task in tasks:
        rows = [(run.name, chosen) for run in rated if (chosen := _rows(run, task))]
        found.append(_of_run(task, rows[0][1]) if len(runs) == 1 else _of_runs(task, rows))
    if rated and not tasks:
        text = "Which samples the encoder puts side by side can be looked at."
        found.append(Finding("The data have no labels that could tell what was learned", text, "neighbors", "missing"))
    for run in runs:
        if run.results is None:
            whose = "was learned" if len(runs) == 1 else f"{run.name} learned"
            found.append(Finding(f"What {whose} isn't known", _sentence(run.why_unrated), "tasks", "missing"))
    return sorted(found, key=lambda finding: finding.tone == "missing")


def signed(difference: Difference) -> str:
    """Writes a difference of accuracies in points with its interval: ``+37.0 [34.2, 39.6]``."""
    return f"{_points(difference.value)} [{_number(100 * difference.low)}, {_number(100 * difference.high)}]"


def verdict(difference: Difference) -> Tone:
    """Tells whether a difference's interval, as it is written, lies above zero, below it, or around it."""
    low, high = round(100 * difference.low, 1), round(100 * difference.high, 1)
    return "better" if low > 0 else "worse" if high < 0 else "even"


def _rows(run: Outcome, task: str) -> list[Row]:
    """A task's rows of one layer, the main probe first."""
    rows = [row for row in run.results.rows if row.task == task] if run.results else []
    rows = [row for row in rows if row.layer == rows[0].layer]
    return sorted(rows, key=lambda row: row.probe != MAIN_PROBE)


def _of_run(task: str, rows: Sequence[Row]) -> Finding:
    first, *others = rows
    score = first.trained
    asked = f"By {_probe(first)} on {score.num_test:,} samples: {_rate(first)}"
    if first.random is None:
        above = score.low > first.majority
        size = _number(100 * (score.accuracy - first.majority))
        head = f"The {task} is read {size} points above guessing" if above else f"The {task} isn't read above guessing"
        return Finding(
            head, f"{asked}; the most frequent answer gives {100 * first.majority:.1f} %.", "tasks",
            "better" if above else "even",
        )  # fmt: skip
    difference = Difference.of(score, first.random)
    tone = verdict(difference)
    size = _number(100 * abs(difference.value))
    head = {
        "better": f"The {task} is read {size} points better than by an untrained encoder",
        "worse": f"The {task} is read {size} points worse than by an untrained encoder",
        "even": f"The {task} isn't read better than by an untrained encoder: {_points(difference.value)} points",
    }[tone]
    detail = f"{asked}, untrained {percent(first.random)}: {signed(difference)} points."
    if tone != "worse" and score.low <= first.majority:
        detail += f" That isn't above the most frequent answer ({100 * first.majority:.1f} %)."
    told = [text for row in others if (text := _other(row, tone))]
    return Finding(head, " ".join((detail, *told)), "tasks", tone)


def _other(row: Row, tone: Tone) -> str:
    """What another probe adds."""
    if row.random is None:
        return ""
    difference = Difference.of(row.trained, row.random)
    other = verdict(difference)
    words = {"better": "it is better", "worse": "it is worse", "even": "no difference is seen"}[other]
    too = ", too" if other == tone else ""
    return f"By {_probe(row)} {words}{too}: {signed(difference)}."


def _of_runs(task: str, runs: Sequence[tuple[str, Sequence[Row]]]) -> Finding:
    """Which of several runs reads a task best, and how each compares with its untrained encoder."""
    probe = runs[0][1][0].probe
    asked = [(name, row) for name, rows in runs for row in rows if row.probe == probe]
    asked.sort(key=lambda item: -item[1].trained.accuracy)
    (best, first), *others = asked
    detail = f"By {_probe(first)} on {first.trained.num_test:,} samples: {_rate(first)}"
    if others:
        (second, row), size = others[0], 100 * first.trained.accuracy
        ahead = Difference.of(first.trained, row.trained)
        if verdict(ahead) == "better":
            points = _number(100 * ahead.value)
            head = f"The {task} is read best by {best}: {size:.1f} %, {points} points more than by {second}"
        else:
            head = f"The {task} is read best by {best} and {second}, between which no difference is seen"
        detail += f", {signed(ahead)} points more than by {second}"
    else:
        head = f"Of the {task} there is an answer by {best} alone"
    against = [(name, Difference.of(row.trained, row.random)) for name, row in asked if row.random is not None]
    words: dict[Tone, str] = {"better": "better", "worse": "worse", "even": "no difference seen"}
    told = [
        f"{word}: " + ", ".join(f"{name} {signed(each)}" for name, each in against if verdict(each) == tone)
        for tone, word in words.items()
        if any(verdict(each) == tone for _, each in against)
    ]
    if told:
        detail += f". In points against an untrained encoder, {'; '.join(told)}"
    tone: Tone = verdict(against[0][1]) if against and against[0][0] == best else "plain"
    return Finding(head, f"{detail}.", "tasks", tone)


def _destruction(runs: Sequence[Outcome]) -> Iterator[Finding]:
    measured = [run for run in runs if run.dropping is not None and run.dropping.views[FINAL].tasks]
    if len(measured) > 1:
        yield from _extremes(measured)
    for run in measured:
        whose = "" if len(runs) == 1 else f" of {run.name}"
        if len(measured) == 1:
            yield _of_views(run, whose)
        yield from _course(run, whose)
    unknown: dict[str, list[str]] = {}
    for run in runs:
        if run not in measured:
            unknown.setdefault(_why(run), []).append(run.name)
    for why, names in unknown.items():
        whose = "" if len(runs) == 1 else f" of {_listed(names)}"
        yield Finding(f"What the views{whose} destroy isn't known", _sentence(why), "destruction", "missing")


def _of_views(run: Outcome, whose: str) -> Finding:
    assert run.dropping is not None
    effect, draws = run.dropping.views[FINAL], run.dropping.num_draws
    rates = sorted(
        ((task, dropping.destruction) for task, dropping in effect.tasks.items()), key=lambda item: -item[1].rate
    )
    kind = "learned views" if run.learned else "views"
    if not any(rate.rate for _, rate in rates):
        head = f"The {kind}{whose} destroyed no label"
        told = " and ".join(f"the {task} in none of {_views(rate, draws)}" for task, rate in rates)
        return Finding(head, f"They destroyed {told}.", "destruction")
    told = _listed([f"the {task} in {_share(rate.rate)}" for task, rate in rates])
    detail = f"Intervals: {', '.join(f'{task} {_interval(rate)}' for task, rate in rates)}."
    for task in {**run.dropping.gaps, **effect.gaps}:
        detail += f" For the {task} that isn't known."
    return Finding(f"The {kind}{whose} destroyed {told} of views", detail, "destruction")


def _course(run: Outcome, whose: str) -> Iterator[Finding]:
    """How a learned view moved between the first kept checkpoint and the last, where the intervals don't touch."""
    assert run.dropping is not None
    steps = [(int(name.removeprefix(STEP)), effect) for name, effect in run.dropping.views.items() if name != FINAL]
    if not steps:
        return
    step, early = min(steps, key=lambda item: item[0])
    for task, dropping in run.dropping.views[FINAL].tasks.items():
        if task in early.tasks:
            before, after = early.tasks[task].destruction, dropping.destruction
            if after.low > before.high or after.high < before.low:
                more = "more" if after.rate > before.rate else "less"
                head = f"While training, the views{whose} came to destroy the {task} {more} often"
                was, now = (f"{_share(rate.rate)} {_interval(rate)}" for rate in (before, after))
                yield Finding(head, f"In {was} of views at step {step}, in {now} at the end.", "destruction")


def _extremes(runs: Sequence[Outcome]) -> Iterator[Finding]:
    """Whose views destroy a label most often, and whose least."""
    tasks = dict.fromkeys(task for run in runs if run.dropping for task in run.dropping.views[FINAL].tasks)
    for task in tasks:
        rates = [
            (run.name, run.dropping.views[FINAL].tasks[task].destruction, run.dropping.num_draws)
            for run in runs
            if run.dropping and task in run.dropping.views[FINAL].tasks
        ]
        rates.sort(key=lambda item: -item[1].rate)
        (most, high, _), (least, low, _) = rates[0], rates[-1]
        if high.low > low.high:
            head = (
                f"The {task} was destroyed most often by the views of {most}, in {_share(high.rate)} of them, and "
                f"least often by those of {least}, in {_share(low.rate) if low.rate else 'none'}"
            )
        else:
            head = f"No views are seen to destroy the {task} more often than others"
        told = ", ".join(
            f"{name} {_share(rate.rate)} {_interval(rate)}" if rate.rate else f"{name} in none of {_views(rate, draws)}"
            for name, rate, draws in rates
        )
        yield Finding(head, f"{told}.", "destruction")


def _why(run: Outcome) -> str:
    if run.dropping is None:
        return run.why_unmeasured
    gaps = {**run.dropping.gaps, **run.dropping.views[FINAL].gaps}
    return "; ".join(f"{task}: {why}" for task, why in gaps.items()) or "the data have no labeled task"


def _probe(row: Row) -> str:
    return PROBES.get(row.probe, f"the probe {row.probe}")


def _rate(row: Row) -> str:
    score = row.trained
    return f"{100 * score.accuracy:.1f} % [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _share(rate: float) -> str:
    return "under 0.1 %" if 0 < rate < 0.0005 else f"{100 * rate:.1f} %"


def _interval(rate: Destruction) -> str:
    return f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _views(rate: Destruction, num_draws: int) -> str:
    return f"{num_draws * rate.num_known:,} views"


def _points(value: float) -> str:
    return ("+" if value >= 0 else "") + _number(100 * value)


def _number(value: float) -> str:
    """One decimal, with a true minus sign, and no negative zero."""
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}." if reason else ""
