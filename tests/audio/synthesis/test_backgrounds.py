"""Backgrounds: audible, and each recording another."""

import pytest
import torch

from audio.synthesis import BACKGROUNDS, background

RATE = 8000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds_are_audible_finite_and_differ(kind):
    first, second = (background(kind, 2 * RATE, RATE, seeded(seed)) for seed in (0, 1))
    assert first.shape == (2 * RATE,) and first.isfinite().all()
    assert first.square().mean() == pytest.approx(1.0, rel=1e-3)
    assert not torch.equal(first, second)
    assert torch.equal(first, background(kind, 2 * RATE, RATE, seeded(0)))
