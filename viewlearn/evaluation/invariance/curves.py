"""Invariance curves: similarity of features against the strength of one transformation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from viewlearn.evaluation.invariance.similarity import Whitening, whitened_cosine
from viewlearn.evaluation.invariance.variations import Variation
from viewlearn.evaluation.probes.features import evaluation_mode


@dataclass(frozen=True)
class InvarianceCurve:
    """Mean similarity over samples at each strength, and its standard error.

    Args:
        values: Strengths.
        cosine: Mean cosine similarity to the features at the reference strength.
        cosine_error: Standard errors of ``cosine`` over samples.
        whitened: Mean cosine similarity of whitened features.
        whitened_error: Standard errors of ``whitened`` over samples.
        chance: Mean cosine similarity between different samples at the reference strength.
        whitened_chance: The same of whitened features.
    """

    values: tuple[float, ...]
    cosine: tuple[float, ...]
    cosine_error: tuple[float, ...]
    whitened: tuple[float, ...]
    whitened_error: tuple[float, ...]
    chance: float
    whitened_chance: float


def invariance_curve(
    encoder: nn.Module,
    x: Tensor,
    variation: Variation,
    values: Sequence[float],
    reference: float | None,
    whitening: Whitening | None = None,
    seed: int = 0,
    batch_size: int = 256,
) -> InvarianceCurve:
    """Compares features of x at each strength with those at a reference strength.

    Everything else that the variation draws is the same at every strength. The curves are those of Ericsson, Gouk &
    Hospedales, "Why do self-supervised models transfer?" (BMVC 2022), section 4.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``.
        x: ``(num_samples, …)``, what the variation reads.
        variation: What varies.
        values: Strengths.
        reference: Strength that the others are compared with, usually the one that changes nothing; None compares
            with x itself (which must then be what the encoder reads), as for a Viewmaker, whose budget can't be 0.
        whitening: Whitening of features; None fits one on the features at the reference strength.
        seed: Seed of the variation's draws.
        batch_size: Number of samples encoded at a time.

    Raises:
        ValueError: There are fewer than 2 samples, or no values.
    """
    if len(x) < 2 or not values:
        raise ValueError(f"a curve needs at least 2 samples and 1 value, not {len(x)} and {len(values)}")

    def features(value: float | None) -> Tensor:
        parts = []
        for number, batch in enumerate(x.split(batch_size)):
            generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
            parts.append(encoder(batch if value is None else variation(batch, value, generator)).float())
        return torch.cat(parts)

    with evaluation_mode(encoder), torch.no_grad():
        original = features(reference)
        whitening = Whitening.fit(original) if whitening is None else whitening
        plain, white = [], []
        for value in values:
            transformed = features(value)
            plain.append(cosine_similarity(original, transformed, dim=1).double())
            white.append(whitened_cosine(original, transformed, whitening))
        others = original.roll(1, dims=0)
        return InvarianceCurve(
            tuple(float(value) for value in values),
            *_mean_and_error(plain),
            *_mean_and_error(white),
            float(cosine_similarity(original, others, dim=1).mean()),
            float(whitened_cosine(original, others, whitening).mean()),
        )


def _mean_and_error(similarities: list[Tensor]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    means = tuple(float(values.mean()) for values in similarities)
    errors = tuple(float(values.std() / len(values) ** 0.5) for values in similarities)
    return means, errors
