"""The factor probe on real views: discrete, continuous, learned, and one that is only sometimes applied."""

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.evaluation.probes import ParameterClasses, factor_probe
from viewlearn.views import Compose, RandomApply, Viewmaker
from viewlearn.views import Identity as Nothing
from viewlearn.views.decode import ToFloat
from vision.views import ColorJitter, QuarterRotation


class Patches(Data):
    """Red images, bright on the left."""

    decode, front_end = ToFloat(), Nothing()
    spec = DataSpec((3, 8, 8))

    def split(self, name):
        generator = torch.Generator().manual_seed(len(name))
        x = torch.randint(0, 60, (300, 3, 8, 8), generator=generator)
        x[:, 0] += torch.linspace(180, 60, 8).long()
        return ArrayDataset(x.to(torch.uint8))


class MeanColor(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


@pytest.fixture
def views():
    torch.manual_seed(0)
    return Compose(
        rotation=QuarterRotation(),
        color=RandomApply(ColorJitter(hue=0.5), 0.8),
        viewmaker=Viewmaker(channels=3, budget=0.1),
    )


def test_rotation_shows_in_pixels_and_not_in_the_mean_color(views):
    factor = ParameterClasses(views["rotation"], "turns")
    (row,) = factor_probe(nn.Flatten(), Patches(), factor, random_encoder=MeanColor())
    assert row.trained.accuracy > 0.98
    assert row.random.accuracy < 0.4
    assert row.uniform == 0.25


def test_hue_shows_in_the_mean_color(views):
    (row,) = factor_probe(MeanColor(), Patches(), ParameterClasses(views["color"], "hue"), l2=1e-4)
    assert row.trained.accuracy > 0.6


def test_a_viewmakers_noise_is_a_factor_too(views):
    (row,) = factor_probe(nn.Flatten(), Patches(), ParameterClasses(views["viewmaker"], num_classes=3))
    assert row.trained.accuracy > 0.6
    assert row.uniform == pytest.approx(1 / 3)
