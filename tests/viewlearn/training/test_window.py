"""Averages over steps, and what stops a run."""

import math

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from viewlearn.training.window import Window, check_finite_weights


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def test_means_over_the_steps_since_the_last_call(accelerator):
    window = Window()
    for value in (1.0, 2.0, 6.0):
        window.add(torch.tensor(value), {"distance": torch.tensor(2 * value)}, 0)
    assert window.means(accelerator) == pytest.approx({"loss": 3.0, "distance": 6.0})
    window.add(torch.tensor(5.0), {"distance": torch.tensor(0.0)}, 3)
    assert window.means(accelerator) == pytest.approx({"loss": 5.0, "distance": 0.0})


def test_sums_are_kept_in_float32():
    window = Window()
    for _ in range(300):  # 256 + 1 is 256 in bfloat16
        window.add(torch.tensor(1.0, dtype=torch.bfloat16), {}, 0)
    assert window.sums["loss"] == 300


def test_goes_on_where_it_was_saved(accelerator):
    window, resumed = Window(), Window()
    window.add(torch.tensor(1.0), {}, 0)
    resumed.load_state_dict(window.state_dict(), torch.device("cpu"))
    for each in (window, resumed):
        each.add(torch.tensor(4.0), {}, 1)
    assert window.means(accelerator) == resumed.means(accelerator) == {"loss": 2.5}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_names_the_first_step_whose_loss_is_not_finite(accelerator, tmp_path, bad):
    window = Window()
    window.check_finite(accelerator, tmp_path)  # nothing has happened yet
    for step, loss in enumerate([1.0, 2.0, bad, 3.0, bad]):
        window.add(torch.tensor(loss), {}, step)
    with pytest.raises(FloatingPointError, match="not finite at step 3; there is no checkpoint yet"):
        window.check_finite(accelerator, tmp_path)
    (tmp_path / "step_00000001").mkdir()
    (tmp_path / "step_00000002").mkdir()
    with pytest.raises(FloatingPointError, match=r"last good checkpoint is .*step_00000002\. A lower learning rate"):
        window.check_finite(accelerator, tmp_path)


def test_weights_and_buffers_must_be_finite(tmp_path):
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    check_finite_weights(module, 7, tmp_path)
    module[1].running_var[0] = math.nan
    with pytest.raises(FloatingPointError, match=r"1\.running_var is not finite after step 7"):
        check_finite_weights(module, 7, tmp_path)
