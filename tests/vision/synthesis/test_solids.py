"""Rendered solids: silhouettes known in closed form, symmetries, light, and the sets made of them."""

import math
from dataclasses import replace

import pytest
import torch

from viewlearn.evaluation.invariance import SetMeasure, VarianceRatio, layout_of
from vision.synthesis.solids.render import HALF_WIDTH, Solids, boxes_of, in_front_of, render
from vision.synthesis.solids.sets import VARYING, solid_sets
from vision.synthesis.solids.shapes import SOLIDS, signed_distance


def plain(name: str, num: int = 1) -> Solids:
    shape = torch.full((num,), SOLIDS.index(name))
    return replace(
        Solids.draw(shape, torch.Generator().manual_seed(0)),
        proportions=torch.ones(num, 3),
        azimuth=torch.zeros(num),
        elevation=torch.zeros(num),
    )


# Silhouettes seen along the x axis, in units of the bounding radius squared.
SILHOUETTES = {
    "box": 4 * 0.45 * 0.52,
    "ellipsoid": math.pi * 0.55 * 0.65,
    "cylinder": 0.9 * 1.5,
    "cone": 0.7 * 1.45,
    "torus": 1.3 * 0.5 + math.pi * 0.25**2,
    "octahedron": 2 * 0.95**2,
    "capsule": math.pi * 0.34**2,
    "cross": 4 * (0.6 * 0.25 + 0.25 * 0.85 - 0.25 * 0.25),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_silhouette_has_the_area_of_the_closed_form(name):
    _, coverage = render(plain(name), 64)
    area = coverage.sum().item() * (2 * HALF_WIDTH / 64) ** 2
    assert area == pytest.approx(SILHOUETTES[name], rel=0.04)


@pytest.mark.parametrize("name", SOLIDS)
def test_distance_never_overshoots_and_is_zero_on_the_surface(name, generator):
    """Sphere tracing needs |d(p) − d(q)| <= |p − q|: then no step jumps through a surface."""
    p = 2 * torch.rand(4000, 3, generator=generator) - 1
    q = p + 0.05 * torch.randn(4000, 3, generator=generator)
    outside = (signed_distance(name, p) > 0) & (signed_distance(name, q) > 0)
    change = (signed_distance(name, p) - signed_distance(name, q)).abs()
    slack = 1.4 if name == "ellipsoid" else 1.001  # an approximation that is good near the surface
    assert (change <= slack * (p - q).norm(dim=1) + 1e-5)[outside].all()
    assert signed_distance(name, torch.tensor([[0.0, 0.0, 2.0]])).item() > 0.4


@pytest.mark.parametrize("name", ["cylinder", "cone", "torus"])
def test_solids_of_revolution_keep_their_silhouette_from_all_azimuths(name):
    solids = replace(plain(name, 5), azimuth=torch.linspace(0, 300, 5), elevation=torch.full((5,), 25.0))
    _, coverage = render(solids, 32)
    assert (coverage - coverage[:1]).abs().max() < 0.3
    assert (coverage - coverage[:1]).abs().mean() < 0.005
    color, _ = render(replace(solids, colors=torch.rand(5, 2, 3)), 32)
    assert (color - color[:1]).abs().mean() > 0.01  # but not their paint


def test_azimuth_of_a_full_turn_is_the_same_picture():
    solids = replace(plain("cross")[torch.tensor([0, 0])], azimuth=torch.tensor([30.0, 390.0]))
    color, _ = render(solids, 32)
    assert (color[0] - color[1]).abs().mean() < 1e-3


def test_light_from_the_right_lights_the_right():
    white = torch.ones(2, 2, 3)
    solids = replace(plain("ellipsoid", 2), colors=white, light=torch.tensor([[70.0, 0.0], [-70.0, 0.0]]))
    color, _ = render(solids, 32)
    left, right = color[..., :16].mean(dim=(1, 2, 3)), color[..., 16:].mean(dim=(1, 2, 3))
    assert right[0] > 1.3 * left[0]
    assert left[1] > 1.3 * right[1]


def test_boxes_are_tight():
    _, coverage = render(plain("box"), 64)
    pixels = 64 / (2 * HALF_WIDTH)
    expected = [32 - 0.45 * pixels, 32 - 0.52 * pixels, 32 + 0.45 * pixels, 32 + 0.52 * pixels]
    assert boxes_of(coverage)[0].tolist() == pytest.approx(expected, abs=1)
    assert boxes_of(torch.zeros(1, 1, 8, 8)).tolist() == [[0, 0, 0, 0]]


def test_a_picture_in_front_of_a_background():
    color, coverage = render(plain("box"), 16)
    picture = in_front_of(torch.full((1, 3, 16, 16), 0.25), color, coverage)
    assert torch.allclose(picture[0, :, 0, 0], torch.tensor(0.25))
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("varying", VARYING)
def test_sets_vary_what_they_say(varying):
    data = solid_sets(varying, sets_per_class=2, images_per_set=4, size=16)
    assert data.x.shape == (64, 3, 16, 16)
    layout = layout_of(data.labels)
    assert layout.num_classes == 8
    assert layout.set_sizes.tolist() == [4] * 16
    images = data.x.view(16, 4, 3, 16, 16)
    assert (images[:, 0] - images[:, 1]).abs().mean() > 0.004
    silhouette = ((images - 0.5).abs().amax(2) > 0.02).float()
    moved = (silhouette[:, 0] != silhouette[:, 1]).float().mean()
    assert (moved < 0.03) == varying.startswith("illumination")
    measure: SetMeasure = VarianceRatio(data.x.flatten(1), layout, data.labels["level"])
    assert (measure.scores().item() < 0.35) == varying.startswith("illumination")
    again = solid_sets(varying, sets_per_class=2, images_per_set=4, size=16)
    assert torch.equal(data.x, again.x)


def test_backgrounds_do_not_give_a_set_away():
    backgrounds = torch.rand(6, 3, 1, 1).expand(-1, -1, 16, 16)
    data = solid_sets("viewpoint", sets_per_class=2, images_per_set=6, size=16, backgrounds=backgrounds)
    corners = data.x[:, :, 0, 0].view(16, 6, 3)
    assert (corners.std(1) > 0).any(1).all()


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="varying is 'size'"):
        solid_sets("size")
    with pytest.raises(ValueError, match="images_per_set is 2"):
        solid_sets("viewpoint", images_per_set=2)
    with pytest.raises(ValueError, match=r"must be \(num, 3, 32, 32\)"):
        solid_sets("viewpoint", backgrounds=torch.zeros(3, 3, 8, 8))
    with pytest.raises(ValueError, match="no solid 'teapot'"):
        signed_distance("teapot", torch.zeros(1, 3))
