"""The published pipelines: their entries, probabilities and strengths, and that entries replay and are shared."""

import pytest
import torch

from viewlearn.views import Compose, Identity, NoViews, RandomApply, compose, map_params, parts, pipeline, share
from viewlearn.views.decode import ToFloat
from vision import CroppedViewmaker, Erasing, HorizontalFlip, LooCViews, MoCoV2Views, RandomResizedCrop, SimCLRViews


def images(size=32, batch=8, dtype=torch.float32):
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize(("size", "blurs"), [(32, False), (33, True), ((96, 96), True), ((16, 64), True)])
def test_blur_is_left_out_at_cifar_size_unless_asked(size, blurs):
    assert ("blur" in SimCLRViews(size).names) == blurs
    assert "blur" in SimCLRViews(size, blur=True).names
    assert "blur" not in SimCLRViews(size, blur=False).names


def test_entries_stand_in_the_published_order():
    assert SimCLRViews(224).names == ["crop", "flip", "color", "gray", "blur"]
    assert MoCoV2Views(224).names == ["crop", "color", "gray", "blur", "flip"]


def test_strength_scales_the_jitter():
    for strength in (0.0, 0.5, 1.0):
        jitter = SimCLRViews(32, strength)["color"].view
        assert jitter.brightness == jitter.contrast == jitter.saturation == (1 - 0.8 * strength, 1 + 0.8 * strength)
        assert jitter.hue == pytest.approx((-0.2 * strength, 0.2 * strength))
    with pytest.raises(ValueError, match="strength"):
        SimCLRViews(32, strength=3.0)


def test_crops_are_as_large_as_asked(generator):
    views = SimCLRViews(24, smallest_crop=0.5)
    box = views.sample(torch.rand(200, 3, 32, 32), generator)["crop"]["box"]
    area = box[:, 2] * box[:, 3]
    assert 0.45 < area.min() < 0.6 and area.max() <= 1
    with pytest.raises(ValueError, match="smallest_crop"):
        SimCLRViews(24, smallest_crop=0)


@pytest.mark.parametrize("preset", [SimCLRViews, MoCoV2Views])
def test_probabilities(preset):
    views = preset(64)
    probabilities = {name: views[name].probability for name in ("flip", "color", "gray", "blur")}
    assert probabilities == {"flip": 0.5, "color": 0.8, "gray": 0.2, "blur": 0.5}


@pytest.mark.parametrize("preset", [SimCLRViews, MoCoV2Views])
def test_a_preset_is_the_chain_of_its_entries(preset, generator):
    """Each entry's parameters replayed by that entry alone give the whole view."""
    views = preset(40)
    x = images(48, dtype=torch.float64)
    params = views.sample(x, generator)
    params = map_params(lambda value: value.double() if value.is_floating_point() else value, params)
    step = x
    for name in views.names:
        step = views[name].transform(step, params[name])
    torch.testing.assert_close(views.transform(x, params), step)
    assert step.shape == views.like(x).shape == (8, 3, 40, 40)


def test_sharing_an_entry_shares_whether_it_is_applied(generator):
    views = SimCLRViews(32)
    x = images(batch=64)
    query, key = views.sample(x, generator), views.sample(x, generator)
    shared = share(key, query, "color")
    assert torch.equal(shared["color"]["applied"], query["color"]["applied"])
    assert torch.equal(shared["color"]["view"]["hue"], query["color"]["view"]["hue"])
    assert not torch.equal(shared["crop"]["box"], query["crop"]["box"])
    assert isinstance(views["color"], RandomApply)


def test_no_views_change_nothing(generator):
    x = images()
    views = NoViews()
    assert isinstance(views, Compose)
    assert torch.equal(views(x, generator), x)


@pytest.mark.parametrize("preset", [SimCLRViews, MoCoV2Views])
def test_a_missing_size_is_said(preset):
    with pytest.raises(ValueError, match=f"{preset.__name__} needs a size"):
        preset()


def test_views_backpropagate_to_their_input(generator):
    x = images(48).requires_grad_()
    SimCLRViews(40)(x, generator).square().sum().backward()
    assert x.grad.isfinite().all() and x.grad.abs().sum() > 0


@pytest.mark.parametrize("preset", [SimCLRViews, MoCoV2Views, LooCViews])
@pytest.mark.parametrize("values", [1, 4 * 3 * 56 * 56, 2**40])
def test_a_pipeline_has_the_bits_of_its_entries_one_after_the_other(preset, values, generator, monkeypatch):
    """Whether it fuses neighbors, and in whatever parts it takes the batch."""
    views = pipeline(ToFloat(), Identity(), Compose({"erasing": Erasing(), **dict(preset(48).entries)}))
    x = torch.randint(0, 256, (21, 3, 56, 56), generator=generator, dtype=torch.uint8)
    params = views.sample(x, generator)
    step = x
    for name in views.names:
        step = views[name].transform(step, params[name])
    monkeypatch.setattr(compose, "NUM_IN_CHAIN", values)
    monkeypatch.setattr(parts, "NUM_CACHED", values // 2)
    assert torch.equal(views.transform(x, params), step)
    assert torch.equal(views.observe(x, params)[0], step)


def test_a_crop_and_a_flip_are_one_pass_where_no_gradient_is_recorded(generator, monkeypatch):
    passes = []
    monkeypatch.setattr(HorizontalFlip, "transform", lambda self, x, params: passes.append(x.requires_grad) or x)
    x = images()
    views = pipeline(Identity(), Identity(), Compose(cut=RandomResizedCrop(8), turned=HorizontalFlip()))
    views(x, generator)
    assert passes == []
    views(x.requires_grad_(), generator)
    assert passes == [True]


def test_views_that_take_from_other_samples_see_the_whole_batch(generator, monkeypatch):
    class FromNext(Identity):
        rowwise = False

        def transform(self, x, params):
            return x.roll(1, 0)

    monkeypatch.setattr(compose, "NUM_IN_CHAIN", 1)
    x = images()
    views = Compose(flip=HorizontalFlip(), next=FromNext(), again=HorizontalFlip())
    params = views.sample(x, generator)
    step = views["flip"].transform(x, params["flip"]).roll(1, 0)
    assert torch.equal(views.transform(x, params), views["again"].transform(step, params["again"]))


@pytest.mark.parametrize("preset", [SimCLRViews, MoCoV2Views])
def test_gradients_flow_through_a_preset_as_through_its_parts(preset, generator, monkeypatch):
    """Without gradients a CPU works in parts that fit its cache; with them on the whole. Both are one function."""
    views = preset(48)
    x = images(56, batch=21, dtype=torch.float64)
    params = views.sample(x, generator)
    params = map_params(lambda value: value.double() if value.is_floating_point() else value, params)
    whole = views.transform(x.clone().requires_grad_(), params).detach()
    monkeypatch.setattr(compose, "NUM_IN_CHAIN", 4 * x[0].numel())
    torch.testing.assert_close(views.transform(x, params), whole)


def test_slight_crops_stand_before_the_viewmaker(generator):
    views = CroppedViewmaker(24, budget=0.03, smallest_crop=0.8, channels=3)
    assert views.names == ["crop", "viewmaker"]
    x = images(32)
    params = views.sample(x, generator)
    box = params["crop"]["box"]
    assert (box[:, 2] * box[:, 3]).min() > 0.75
    cropped, seen = views["crop"].transform(x, params["crop"]), views.transform(x, params)
    assert seen.shape == (8, 3, 24, 24)
    assert (seen - cropped).abs().mean((1, 2, 3)).max() <= 0.03 + 1e-5
    with pytest.raises(ValueError, match="smallest_crop"):
        CroppedViewmaker(24, smallest_crop=1.5, channels=3)
