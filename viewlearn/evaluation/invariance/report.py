"""All measures of one encoder on one collection of sets, each beside its null."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev

import torch
from torch import Tensor

from viewlearn.evaluation.invariance.goodfellow import GoodfellowInvariance
from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.evaluation.invariance.measure import SetMeasure
from viewlearn.evaluation.invariance.null import NullTest, Within, permutation_test
from viewlearn.evaluation.invariance.score import RepresentationInvariance
from viewlearn.evaluation.invariance.similarity import SetCosine
from viewlearn.evaluation.invariance.variance import VarianceRatio

Report = dict[str, NullTest]


def measure_invariance(
    features: Tensor,
    layout: SetLayout,
    levels: Tensor | None = None,
    top: tuple[int, ...] = (10, 25),
    num_permutations: int = 100,
    within: Within = "all",
    seed: int = 0,
) -> Report:
    """Every measure of this package with its permutation null.

    Args:
        features: ``(num_images, num_units)``.
        layout: class and set of every image.
        levels: ``(num_images,)``, the step of the transformation, where sets are aligned; for the variance ratio.
        top: K of RIS.
        num_permutations, within: see ``permutation_test``.
        seed: of the permutations; the same ones for every encoder.

    Returns:
        ``{measure: NullTest}``: "RIS released top-10", "RIS formula top-10", …, "goodfellow", "variance ratio",
        "whitened cosine". Goodfellow's measure is left out below 150 images, where its firing rate of 1 % means
        less than two.
    """
    measures: list[tuple[str, SetMeasure]] = [
        ("RIS released ", RepresentationInvariance(features, layout, "released", top)),
        ("RIS formula ", RepresentationInvariance(features, layout, "formula", top)),
        ("", VarianceRatio(features, layout, levels)),
        ("", SetCosine(features, layout)),
    ]
    if layout.num_images >= 150:
        measures.append(("", GoodfellowInvariance(features, layout)))
    report = {}
    for prefix, measure in measures:
        generator = torch.Generator().manual_seed(seed)
        for name, test in permutation_test(measure, num_permutations, within, generator).items():
            report[prefix + name] = test
    return report


@dataclass(frozen=True)
class OverSeeds:
    """A measure of several encoders that differ in their seed alone.

    Args:
        score, score_sd: mean and standard deviation over the encoders; the latter is 0 of one.
        null_mean: mean of the encoders' null means.
        null_sd: mean of their nulls' standard deviations.
        excess, excess_sd: mean and standard deviation over the encoders of each one's own excess.
        num_seeds: how many encoders.
    """

    score: float
    score_sd: float
    null_mean: float
    null_sd: float
    excess: float
    excess_sd: float
    num_seeds: int

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


def over_seeds(reports: Sequence[Report]) -> dict[str, OverSeeds]:
    """The mean of reports that were made on the same sets, ``{measure: OverSeeds}``.

    Raises:
        ValueError: no reports, or reports of different measures.
    """
    if not reports or any(report.keys() != reports[0].keys() for report in reports):
        raise ValueError(f"{len(reports)} reports to take the mean of; they must be of the same measures, and some")

    def summary(tests: list[NullTest]) -> OverSeeds:
        def spread(name: str) -> float:
            return stdev(getattr(test, name) for test in tests) if len(tests) > 1 else 0.0

        middle = {
            name: fmean(getattr(test, name) for test in tests) for name in ("score", "null_mean", "null_sd", "excess")
        }
        return OverSeeds(**middle, score_sd=spread("score"), excess_sd=spread("excess"), num_seeds=len(tests))

    return {name: summary([report[name] for report in reports]) for name in reports[0]}


def table(rows: Mapping[str, Mapping[str, Mapping[str, NullTest | OverSeeds]]], measure: str) -> str:
    """One measure as Markdown: a row per encoder, a column per collection, ``score ± sd (null) +excess``.

    The excess is in standard deviations of the null; ± is over seeds, and left out where there is one.

    Args:
        rows: ``{encoder: {sets: {measure: result}}}``.
        measure: which one.

    Raises:
        ValueError: a measure that no encoder has.
    """
    known = sorted({key for sets in rows.values() for report in sets.values() for key in report})
    if measure not in known:
        raise ValueError(f"no report has the measure {measure!r}; there are: {', '.join(known)}")
    names = list(dict.fromkeys(name for sets in rows.values() for name in sets))
    lines = [[measure, *names], ["---", *["---:"] * len(names)]]
    lines += [[row, *(_cell(sets.get(name, {}).get(measure)) for name in names)] for row, sets in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(result: NullTest | OverSeeds | None) -> str:
    if result is None:
        return "—"
    digits = 1 if max(abs(result.score), abs(result.null_mean)) >= 5 else 2
    score = f"{result.score:.{digits}f}"
    if isinstance(result, OverSeeds) and result.num_seeds > 1:
        score += f" ± {result.score_sd:.{digits}f}"
    null = round(result.null_mean, digits) + 0.0  # which makes a zero of minus zero
    return f"{score} ({null:.{digits}f}) {result.excess:+.0f}σ"
