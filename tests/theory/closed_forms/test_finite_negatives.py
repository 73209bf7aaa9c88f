"""Laws of a shortcut and a feature with finitely many negatives."""

import numpy as np
import pytest

from theory import (
    sphere_loss,
    sphere_optimum,
    sphere_threshold,
)


@pytest.mark.parametrize(("temperature", "threshold"), [(0.07, 3.6e-5), (0.2, 0.079), (0.5, 0.099)])
def test_sphere_threshold_is_where_the_loss_turns(temperature, threshold):
    found = sphere_threshold(temperature, 510, 10)
    assert found == pytest.approx(threshold, rel=0.02)
    for factor, sign in ((0.99, 1), (1.01, -1)):
        slope = sphere_loss(1e-6, temperature, 510, 10, found * factor) - sphere_loss(
            0, temperature, 510, 10, found * factor
        )
        assert np.sign(slope) == sign


def test_sphere_optimum_values():
    assert sphere_optimum(0.2, 510, 10, 0.05) == pytest.approx(0, abs=1e-6)
    assert sphere_optimum(0.2, 510, 10, 0.2) == pytest.approx(0.21, abs=0.01)
    assert sphere_optimum(0.5, 510, 10, 0.36) == pytest.approx(0.81, abs=0.01)
    with pytest.raises(ValueError, match="num_classes"):
        sphere_optimum(0.5, 510, 1, 0.36)
