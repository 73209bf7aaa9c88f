"""What a measure gives for features that know nothing of the sets: its score with the images dealt anew."""

from dataclasses import dataclass
from typing import Literal

import torch

from viewlearn.evaluation.invariance.measure import SetMeasure

Within = Literal["all", "class"]


@dataclass(frozen=True)
class NullTest:
    """A score beside its permutation null.

    Args:
        score: Score of the features in their own sets.
        null_mean: Mean of the score over permutations.
        null_sd: Standard deviation of the score over permutations.
        excess: (score − null_mean) / null_sd, with the sign flipped where a low score means invariance, so that
            positive is always more invariant than the null; NaN if the null doesn't vary.
        p: p-value, (1 + number of permutations that are at least as invariant) / (1 + number of permutations).
    """

    score: float
    null_mean: float
    null_sd: float
    excess: float
    p: float


def permutation_test(
    measure: SetMeasure,
    num_permutations: int = 100,
    within: Within = "all",
    generator: torch.Generator | None = None,
) -> dict[str, NullTest]:
    """Tests each score of a measure against the same score with set membership permuted.

    Thresholds, set sizes and everything else that doesn't depend on membership stay as they are.

    Args:
        measure: Measure whose scores are tested.
        num_permutations: Number of permutations that the null is estimated from, at least 2.
        within: "all" deals the images to all sets, which gives the floor for features without any information;
            "class" deals each class's images among its own sets, which keeps class selectivity and removes what the
            trajectories add. The latter needs several sets per class.
        generator: Source of the permutations; None seeds one with 0.

    Raises:
        ValueError: There are fewer than 2 permutations, ``within`` is unknown, or it is "class" where every class is a
            single set.
    """
    if num_permutations < 2:
        raise ValueError(f"num_permutations is {num_permutations}; a null needs at least 2")
    if within not in ("all", "class"):
        raise ValueError(f"within is {within!r}; it must be 'all' or 'class'")
    layout = measure.layout
    if within == "class" and layout.num_sets == layout.num_classes:
        raise ValueError("within='class' can't permute anything: every class is a single set")
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    observed = measure.scores()
    null = torch.stack([measure.scores(layout.shuffled(within == "class", generator)) for _ in range(num_permutations)])
    direction = 1.0 if measure.invariant_is_high else -1.0
    return {
        name: _test(float(score), draws, direction)
        for name, score, draws in zip(measure.names, observed, null.unbind(1), strict=True)
    }


def _test(score: float, null: torch.Tensor, direction: float) -> NullTest:
    mean, sd = float(null.mean()), float(null.std())
    # Permutations that leave every set's content alone give the same score up to rounding; they count as ties.
    tolerance = 1e-6 * max(1.0, abs(score))
    as_invariant = int((direction * (null - score) >= -tolerance).sum())
    return NullTest(
        score=score,
        null_mean=mean,
        null_sd=sd,
        excess=direction * (score - mean) / sd if sd > tolerance else float("nan"),
        p=(1 + as_invariant) / (1 + len(null)),
    )
