"""LooC over image views: the keys share what they should, image by image, and every kind of entry can be a factor."""

import pytest
import torch

from viewlearn.data import Batch
from viewlearn.encoders import Backbone
from viewlearn.methods import LooC
from viewlearn.views import Compose, Identity, LeaveOneOut, Viewmaker, pipeline, select
from viewlearn.views.decode import ToFloat
from vision import ColorJitter, LooCViews, MoCoV2Views, QuarterRotation, SimCLRViews


def test_keys_share_their_factor_image_by_image(generator):
    views = Compose(color=ColorJitter(0.4, 0.4, 0.4, 0.1), rotation=QuarterRotation())
    x = torch.rand(24, 3, 8, 8, generator=generator)
    query, keys = LeaveOneOut(views, "color,rotation").sample(x, generator)
    q, k0, k_color, k_rotation = (views.transform(x, params) for params in (query, *keys))
    for i in range(len(x)):
        image, turns = x[i : i + 1], [int(p["rotation"]["turns"][i]) for p in (query, *keys)]
        assert turns[3] == turns[0]
        assert turns[1] != turns[0] != turns[2]
        # turned upright, the key that shares the color is the query, and no other key is
        upright = [
            torch.rot90(view[i], -t, (1, 2)) for view, t in zip((q, k0, k_color, k_rotation), turns, strict=True)
        ]
        torch.testing.assert_close(upright[2], upright[0])
        assert (upright[1] - upright[0]).abs().max() > 1e-3
        assert (upright[3] - upright[0]).abs().max() > 1e-3
        # the key that shares the rotation is the image in another color, turned as the query
        recolored = views["color"].transform(image, select(keys[2]["color"], slice(i, i + 1)))
        torch.testing.assert_close(k_rotation[i], torch.rot90(recolored[0], turns[0], (1, 2)))


@pytest.mark.parametrize(
    "views, factors",
    [
        (SimCLRViews(16), "color+gray,flip"),
        (MoCoV2Views(16, blur=True), "crop,blur"),
        (LooCViews(16, texture=True), "color,rotation,texture"),
        (Compose(rotation=QuarterRotation(), viewmaker=Viewmaker(channels=3, width=8)), "rotation,viewmaker"),
    ],
)
def test_any_entry_is_a_factor(views, factors, generator):
    encoder = Backbone("resnet10w16", channels=3, size=(16, 16))
    method = LooC(encoder, pipeline(ToFloat(), Identity(), views), factors, queue=16)
    x = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8, generator=generator)
    loss, metrics = method(Batch(x, {}, torch.arange(8)), generator)
    loss.backward()
    assert loss.isfinite()
    assert {f"loss/{name}" for name in factors.split(",")} < metrics.keys()
    assert all(p.grad is not None for p in views.parameters())


def test_preset_is_moco_v2_with_the_factors_behind(generator):
    assert LooCViews(32).names == [*MoCoV2Views(32).names, "rotation"]
    assert LooCViews(64, texture=True).names == [*MoCoV2Views(64).names, "rotation", "texture"]
    x, views = torch.rand(5, 3, 20, 20, generator=generator), LooCViews(16)
    params = views.sample(x, generator)
    turned = views["rotation"].transform(MoCoV2Views(16).transform(x, params), params["rotation"])
    torch.testing.assert_close(views.transform(x, params), turned)
