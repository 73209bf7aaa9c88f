import numpy as np
import pytest
import torch

from viewlearn.evaluation.feature_dropping import ActionMeter, radial_profile, row_correlation
from viewlearn.views.viewmaker.dct import idct2


def test_row_correlation_equals_numpys(generator):
    a, b = torch.rand(2, 5, 12, generator=generator)
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    torch.testing.assert_close(row_correlation(a, b), torch.tensor(expected, dtype=torch.float64))
    assert row_correlation(torch.ones(1, 4), b[:1, :4]).isnan().all()


def test_a_known_change(generator):
    clean = torch.rand(6, 3, 8, 10, generator=generator)
    coefficients = torch.zeros(8, 10)
    coefficients[2, 3] = 0.5
    delta = idct2(coefficients)
    meter = ActionMeter()
    meter.add(clean[:4], clean[:4] + delta)
    meter.add(clean[4:], clean[4:] - delta)
    found = meter.result()
    torch.testing.assert_close(found.magnitude, delta.abs(), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found.spectrum, coefficients.square(), atol=1e-6, rtol=1e-5)
    assert found.mean == pytest.approx(delta.abs().mean().item(), rel=1e-4)
    assert (found.overlay, found.overlay_null) == (None, None)


def test_correlation_with_the_overlay_and_its_null(generator):
    clean = torch.rand(64, 1, 8, 8, generator=generator)
    mask = (torch.rand(64, 8, 8, generator=generator) < 0.3).float()
    meter = ActionMeter(generator)
    meter.add(clean, clean - 0.1 * mask[:, None], mask)
    found = meter.result()
    assert found.overlay == pytest.approx(1, abs=1e-4)
    assert abs(found.overlay_null) < 0.1


def test_radial_profile():
    constant = torch.zeros(8, 8)
    constant[0, 0] = 3.0
    assert radial_profile(constant, 4) == [1, 0, 0, 0]
    highest = torch.zeros(8, 8)
    highest[7, 7] = 1.0
    assert radial_profile(highest, 4) == [0, 0, 0, 1]
    assert sum(radial_profile(torch.rand(9, 7), 5)) == pytest.approx(1)


def test_bad_input():
    meter = ActionMeter()
    with pytest.raises(ValueError, match="have no difference"):
        meter.add(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 6, 6))
    with pytest.raises(ValueError, match="no views"):
        meter.result()
