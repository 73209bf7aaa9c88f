"""All measures of one encoder on one collection of sets, each beside its null."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from viewlearn.tables import markdown_table

Measured = dict[str, NullTest]
"""Each measure's score beside its null, by the measure's name."""


def measure_invariance(
    features: Tensor,
    layout: SetLayout,
    levels: Tensor | None = None,
    top: tuple[int, ...] = (10, 25),
    num_permutations: int = 100,
    within: Within = "all",
    seed: int = 0,
) -> Measured:
    """Computes every measure of this package with its permutation null.

    Args:
        features: ``(num_images, num_units)``.
        layout: Class and set of every image.
        levels: Step of the transformation that each image shows, ``(num_images,)``, where sets are aligned; used by
            the variance ratio.
        top: Numbers K of units in RIS.
        num_permutations: Number of permutations of each null.
        within: Where images are dealt, see ``permutation_test``.
        seed: Seed of the permutations, which are the same for every encoder.

    Returns:
        The measures "RIS released top-10", "RIS formula top-10", …, "goodfellow", "variance ratio" and "whitened
        cosine". Goodfellow's is left out below 150 images, where its firing rate of 1 % means fewer than two.
    """
    measures: list[tuple[str, SetMeasure]] = [
        ("RIS released ", RepresentationInvariance(features, layout, "released", top)),
        ("RIS formula ", RepresentationInvariance(features, layout, "formula", top)),
        ("", VarianceRatio(features, layout, levels)),
        ("", SetCosine(features, layout)),
    ]
    if layout.num_images >= 150:
        measures.append(("", GoodfellowInvariance(features, layout)))
    measured = {}
    for prefix, measure in measures:
        generator = torch.Generator().manual_seed(seed)
        for name, test in permutation_test(measure, num_permutations, within, generator).items():
            measured[prefix + name] = test
    return measured


@dataclass(frozen=True)
class OverSeeds:
    """A measure of several encoders that differ in their seed alone.

    Args:
        score: Mean score over the encoders.
        score_sd: Standard deviation of the score over the encoders; 0 for a single one.
        null_mean: Mean of the encoders' null means.
        null_sd: Mean of their nulls' standard deviations.
        excess: Mean over the encoders of each one's own excess.
        excess_sd: Standard deviation of the excess over the encoders; 0 for a single one.
        num_seeds: Number of encoders.
    """

    score: float
    score_sd: float
    null_mean: float
    null_sd: float
    excess: float
    excess_sd: float
    num_seeds: int


def over_seeds(encoders: Sequence[Measured]) -> dict[str, OverSeeds]:
    """Averages the measures of encoders on the same sets.

    Raises:
        ValueError: There are no encoders, or they have different measures.
    """
    if not encoders or any(measured.keys() != encoders[0].keys() for measured in encoders):
        raise ValueError(f"{len(encoders)} encoders to average; there must be one, and all must have the same measures")

    def summary(tests: list[NullTest]) -> OverSeeds:
        def spread(name: str) -> float:
            return stdev(getattr(test, name) for test in tests) if len(tests) > 1 else 0.0

        middle = {
            name: fmean(getattr(test, name) for test in tests) for name in ("score", "null_mean", "null_sd", "excess")
        }
        return OverSeeds(**middle, score_sd=spread("score"), excess_sd=spread("excess"), num_seeds=len(tests))

    return {name: summary([measured[name] for measured in encoders]) for name in encoders[0]}


def table(rows: Mapping[str, Mapping[str, Mapping[str, NullTest | OverSeeds]]], measure: str) -> str:
    """Writes one measure as Markdown: a row per encoder, a column per collection, ``score ± sd (null) +excess``.

    The excess is in standard deviations of the null; ± is over seeds, and left out where there is one.

    Args:
        rows: ``{encoder: {sets: {measure: result}}}``.
        measure: Name of the measure.

    Raises:
        ValueError: No encoder has this measure.
    """
    known = sorted({key for sets in rows.values() for measured in sets.values() for key in measured})
    if measure not in known:
        raise ValueError(f"no encoder has the measure {measure!r}; there are: {', '.join(known)}")
    names = list(dict.fromkeys(name for sets in rows.values() for name in sets))
    cells = [[row, *(_cell(sets.get(name, {}).get(measure)) for name in names)] for row, sets in rows.items()]
    return markdown_table([measure, *names], cells)


def _cell(result: NullTest | OverSeeds | None) -> str:
    if result is None:
        return "—"
    digits = 1 if max(abs(result.score), abs(result.null_mean)) >= 5 else 2
    score = f"{result.score:.{digits}f}"
    if isinstance(result, OverSeeds) and result.num_seeds > 1:
        score += f" ± {result.score_sd:.{digits}f}"
    null = round(result.null_mean, digits) + 0.0  # turns minus zero into zero
    return f"{score} ({null:.{digits}f}) {result.excess:+.0f}σ"
