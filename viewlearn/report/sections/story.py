"""The page's first section: what was run, and what it found, in sentences."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.report.analysis import is_quick
from viewlearn.report.blocks import Block, Section, Story, Text
from viewlearn.report.findings import Outcome, findings
from viewlearn.report.run_reader import MissingPart, RunReader
from viewlearn.report.sections.common import by_data

COMPONENTS = ("method", "encoder", "views")
AIM = (
    "How well a label is read from an encoder's features tells what it learned; what it has to beat is the same "
    "encoder before training."
)
CAPTION = (
    "A label counts as destroyed where a classifier of its own finds it in the original, but no longer in the view. "
    "Brackets hold 95 % intervals of the test sample's size; seeds of training scatter more. Intervals of differences "
    "take both encoders for tested on samples of their own, so that they are wide rather than narrow."
)
SMALL_JUDGES = " Small classifiers were asked, which may lose a label sooner than large ones."


def section(runs: Sequence[RunReader], analyses: Mapping[int, FeatureDropping], missing: Mapping[int, str]) -> Section:
    """States the findings of each data set.

    Args:
        runs: Runs of the report.
        analyses: What their views destroy, by the run's index.
        missing: Why that isn't known, by the run's index.
    """
    groups, gaps = by_data(runs)
    blocks: list[Block] = [*gaps]
    if groups:
        blocks.append(Text(AIM))
    for group in groups:
        blocks += [Text(text, small=number > 0) for number, text in enumerate(_setting(group))]
        blocks.append(Story(findings([_outcome(run, analyses, missing) for run in group])))
    if groups:
        small = any(is_quick(analysis) for analysis in analyses.values())
        blocks.append(Text(CAPTION + (SMALL_JUDGES if small else ""), small=True))
    return Section("story", "What was found", blocks)


def _outcome(run: RunReader, analyses: Mapping[int, FeatureDropping], missing: Mapping[int, str]) -> Outcome:
    results, why = None, ""
    try:
        results = run.results
    except MissingPart as error:
        why = str(error)
    return Outcome(
        run.name,
        results,
        analyses.get(run.index),
        _learned(run),
        why_unrated=why,
        why_unmeasured=missing.get(run.index, ""),
    )


def _learned(run: RunReader) -> bool | None:
    try:
        return run.parts.method.adversarial
    except MissingPart:
        return None


def _setting(runs: Sequence[RunReader]) -> list[str]:
    """What was trained on what: a sentence for all runs, and one for each on how it differs."""
    facts = [_facts(run) for run in runs]
    same = {key: value for key, value in facts[0].items() if all(each.get(key) == value for each in facts)}
    text = "A run" if len(runs) == 1 else f"{len(runs)} runs"
    parts = (f"{text} on {_class_name(runs[0], 'data') or 'data'}", *(f"{key} {value}" for key, value in same.items()))
    others = [
        f"{run.name}: {', '.join(f'{key} {value}' for key, value in each.items() if key not in same)}."
        for run, each in zip(runs, facts, strict=True)
        if each.keys() - same.keys()
    ]
    return [f"{', '.join(parts)}.", *others]


def _facts(run: RunReader) -> dict[str, str]:
    facts = {key: name for key in COMPONENTS if (name := _class_name(run, key))}
    if "views" in facts and _learned(run):
        facts["views"] += " (learned)"
    with suppress(MissingPart, KeyError, TypeError, ValueError):
        facts["training"] = f"{run.num_steps:,} steps of {run.settings['batch_size']:,} samples"
    return facts


def _class_name(run: RunReader, component: str) -> str:
    settings = run.settings.get(component)
    name = settings.get("class_path") if isinstance(settings, dict) else settings
    return name.rpartition(".")[2] if isinstance(name, str) else ""
