"""No step waits for an accelerator: every method with every preset, on one that is pretended."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[2] / "experiments"))  # last, as the scripts do: theory is a package
launches = importlib.import_module("benchmarks.launches")
pretended = importlib.import_module("benchmarks.pretended").pretended
CASES = launches.cases("resnet10w4")
# Views don't know the method: each preset in one, and each method with one; the benchmark has all pairs.
SEEN = [name for name in CASES if name.startswith(("SimCLR, ", "LooC, ")) or name.endswith(", SimCLRViews")]


@pytest.mark.parametrize("what", SEEN)
def test_no_step_waits(what):
    launched, waits = launches.count(CASES[what])
    assert not waits
    assert launched.total() > 20


def test_waits_are_seen():
    with pretended() as counts:
        x = torch.empty(8, 3)
        x[x > 0.5]
        x.sum().item()
        (x > 0).nonzero()
        torch.tensor([1.0, 2.0], device="cuda")
        x.cpu()
        assert counts.waits.total() >= 5
        counts.launches.clear()
        (x.t() * 2).t().sum()
    assert counts.launches == {"mul": 1, "sum": 1}
