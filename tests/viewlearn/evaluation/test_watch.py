"""What is measured while training: the same in each call for the same networks, and a collapse is said once."""

import pytest
import torch
from torch import nn

from viewlearn.data import Data
from viewlearn.evaluation.geometry import alignment, lidar, rankme
from viewlearn.evaluation.watch import TrainingMonitor
from viewlearn.views import Compose, View, draw


class Noise(View):
    """Adds a little noise."""

    def sample(self, x, generator=None):
        return {"noise": draw.normal(x, generator, *x.shape[1:])}

    def transform(self, x, params):
        return x + 0.1 * params["noise"]


class Same(nn.Module):
    """Maps everything to one point, but for a little."""

    def forward(self, x):
        return torch.ones(len(x), 4) + 1e-4 * x.flatten(1)[:, :1]


def monitored(data: Data, **settings):
    said: list[str] = []
    return TrainingMonitor(data, Compose(noise=Noise()), num_samples=40, say=said.append, **settings), said


def test_features_are_measured_in_the_same_views_each_time(blobs, picks):
    monitor, said = monitored(blobs(), num_views=3)
    encoder, state = picks().train(), torch.get_rng_state()
    measured = monitor(encoder)
    assert torch.equal(state, torch.get_rng_state()) and encoder.training
    assert monitor(encoder) == measured
    again, _ = monitored(blobs(), num_views=3)
    assert again(encoder) == measured
    assert [name for name in measured if name.startswith("features/")] == [
        f"features/{name}" for name in ("rankme", "lidar", "alpha", "alignment", "uniformity", "spread")
    ]
    assert {"knn/sign", "linear/sign"} <= measured.keys()
    draws = torch.Generator().manual_seed(0)
    z = torch.stack([encoder(monitor.views(monitor.x, draws)) for _ in range(3)], dim=1)
    assert measured["features/lidar"] == pytest.approx(lidar(z), rel=1e-4)
    assert measured["features/rankme"] == pytest.approx(rankme(z.flatten(0, 1)), rel=1e-4)
    assert measured["features/alignment"] == pytest.approx(alignment(z[:, 0], z[:, 1]), rel=1e-4)
    assert not said


def test_a_collapse_is_said_when_it_happens(blobs, picks):
    monitor, said = monitored(blobs(tasks=()))
    healthy, collapsed = picks(), Same()
    for encoder, number in ((healthy, 0), (collapsed, 1), (collapsed, 1), (healthy, 1), (collapsed, 2)):
        measured = monitor(encoder)
        assert len(said) == number
    assert "the features have collapsed: they fill 1.0 of 4 directions" in said[0]
    assert "--optimizer.lr" in said[0]
    assert measured["features/spread"] < 1e-3
    assert not any(name.startswith("knn") for name in measured)  # no labels are needed
