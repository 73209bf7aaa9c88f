"""Charts of what learned views destroy over the checkpoints of a run."""

from types import SimpleNamespace

import torch

from viewlearn.evaluation.feature_dropping import Action, FeatureDropping, TaskDropping, ViewsEffect, destruction
from viewlearn.report.sections.checkpoints import checkpoint_blocks, in_order


def effect(part: float) -> ViewsEffect:
    """Views that destroy this part of the labels, and act where the overlay is."""
    clean, viewed = torch.ones(20), torch.ones(20, 10)
    viewed[:, : round(10 * part)] = 0
    dropping = TaskDropping(destruction(clean, viewed, 0.5), [part, 1 - part], [0, 1], part, part, 4)
    action = Action(torch.ones(2, 2), torch.ones(2, 2), [1.0], 0.1, overlay=part, overlay_null=0)
    return ViewsEffect({"digit": dropping}, {}, action)


def test_steps_are_in_order_and_drawn():
    made = {"final": effect(0.4), "step 200": effect(0.3), "step 40": effect(0.1)}
    found = {0: FeatureDropping(made, {}, {}, 20, 10, 0.5)}
    assert [name for name, _ in in_order(found[0])] == ["step 40", "step 200", "final"]
    run = SimpleNamespace(index=0, name="learned", num_steps=400)
    (charts,) = checkpoint_blocks([run], found, ["digit"], "0")
    rate, overlay = charts.charts
    assert "10 at step 40, 30 at step 200, 40 at step 400" in rate.description
    assert "0.1 at step 40" in overlay.description
    assert 'id="target0-digit-run0-0"' in rate.svg  # which the run's button hides


def test_no_earlier_checkpoint_is_no_chart():
    found = {0: FeatureDropping({"final": effect(0.4)}, {}, {}, 20, 10, 0.5)}
    run = SimpleNamespace(index=0, name="designed", num_steps=400)
    assert checkpoint_blocks([run], found, ["digit"], "0") == []
