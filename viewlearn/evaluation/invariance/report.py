"""All measures of one encoder on one collection of sets, each beside its null."""

from collections.abc import Sequence

import torch
from torch import Tensor

from viewlearn.evaluation.invariance.goodfellow import GoodfellowInvariance
from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.evaluation.invariance.measure import SetMeasure
from viewlearn.evaluation.invariance.null import NullTest, Within, permutation_test
from viewlearn.evaluation.invariance.score import RepresentationInvariance
from viewlearn.evaluation.invariance.similarity import SetCosine
from viewlearn.evaluation.invariance.variance import VarianceRatio
from viewlearn.evaluation.results import aligned

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


def table(reports: dict[str, dict[str, Report]], measure: str) -> str:
    """One measure as text: a row per collection of sets, a column per encoder, each ``score (null) +excess``.

    Args:
        reports: ``{encoder: {sets: report}}``.
        measure: a key of the reports.

    Raises:
        ValueError: a measure that no report has.
    """
    encoders = list(reports)
    names: Sequence[str] = list(dict.fromkeys(name for columns in reports.values() for name in columns))
    rows = [[measure, *encoders]]
    for name in names:
        rows.append([name, *(_cell(reports[encoder].get(name, {}).get(measure)) for encoder in encoders)])
    if all(cell == "—" for row in rows[1:] for cell in row[1:]):
        known = sorted({key for columns in reports.values() for report in columns.values() for key in report})
        raise ValueError(f"no report has the measure {measure!r}; there are: {', '.join(known)}")
    return aligned(rows)


def _cell(test: NullTest | None) -> str:
    if test is None:
        return "—"
    digits = 1 if abs(test.score) >= 5 else 3
    return f"{test.score:.{digits}f} ({test.null_mean:.{digits}f}) {test.excess:+.1f}σ"
