"""Phase diagrams."""

import numpy as np
import pytest

from theory import FeatureGroup, GroupModel, InfoNCE, Optimization, Spectral, phase_diagram

MODEL = GroupModel([FeatureGroup("A", (3,) * 2), FeatureGroup("B", (1,) * 2)], noise_dims=2)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [Spectral(batch_size=128), InfoNCE(similarity="dot")], ids=str)
def test_phase_diagram_agrees_with_the_closed_form(loss):
    """Every run of a cell whose λ gap exceeds 0.05 learns the group that the closed form says."""
    model = GroupModel([FeatureGroup("A", (3,) * 4), FeatureGroup("B", (1,) * 4)])
    diagram = phase_diagram(
        model,
        ("A.destroy", np.linspace(0, 0.6, 7)),
        ("A.strength", np.linspace(1.1, 6, 5)),
        loss,
        optimization=Optimization(600),
        seeds=2,
    )
    assert (diagram.gap > 0.05).mean() > 0.7
    assert diagram.agreement(0.05) == 1.0
    assert diagram.agreement() > 0.95


def test_a_phase_diagram_without_training_is_closed_form():
    diagram = phase_diagram(MODEL, ("A.destroy", np.linspace(0, 1, 50)), ("A.strength", [1.5, 3.0]))
    assert diagram.theory["A"].shape == (2, 50)
    assert diagram.theory["A"][:, 0].tolist() == [1, 1] and diagram.theory["A"][:, -1].tolist() == [0, 0]
    with pytest.raises(ValueError, match="nothing was trained"):
        diagram.agreement()
