import matplotlib.image
import pytest
import torch
from matplotlib.figure import Figure

from viewlearn.plots import Decided, save_decisions
from viewlearn.plots.decisions import _known, drawable


@pytest.fixture
def x(generator):
    return torch.rand(2, 3, 8, 12, generator=generator)


def decisions():
    box = torch.tensor([[0.1, 0.2, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]])
    field = torch.ones(2, 2, 8, 12)
    return {"box": box, "mask": torch.rand(2, 1, 8, 12).round(), "field": field, "gain_db": torch.randn(2, 20)}


@pytest.mark.parametrize("low_first", [False, True])
def test_a_column_for_each_kind(tmp_path, x, low_first):
    one = save_decisions(tmp_path / "a.png", [Decided("crop", x, {"box": decisions()["box"]})], low_first=low_first)
    nested = {"view": decisions(), "choice": torch.zeros(2)}
    four = save_decisions(tmp_path / "b.png", [Decided("tilted", x[:, :1], nested)], low_first=low_first)
    height, width = (matplotlib.image.imread(path).shape[:2] for path in (one, four))
    assert height[1] < width[1] / 2.5


def test_nested_decisions_keep_their_paths():
    assert [label for label, _, _ in _known({"inner": {"box": torch.ones(1, 4)}, "mask": torch.ones(1, 1, 2, 2)})] == [
        "inner.box",
        "mask",
    ]


def test_a_mask_colors_what_it_hides(tmp_path):
    mask = torch.zeros(1, 1, 8, 8)
    pictures = []
    for value in (0.0, 1.0):
        mask[:] = value
        path = save_decisions(tmp_path / f"{value}.png", [Decided("m", torch.full((1, 3, 8, 8), 0.5), {"mask": mask})])
        pictures.append(matplotlib.image.imread(path)[..., :3])
    center = tuple(size * 2 // 3 for size in pictures[0].shape[:2])
    assert pictures[0][center] == pytest.approx([0.5] * 3, abs=0.01)
    assert pictures[1][center][0] > 2 * pictures[1][center][1]


def test_nothing_to_draw_writes_nothing(tmp_path, x):
    assert save_decisions(tmp_path / "a.png", [Decided("gray", x, {"applied": torch.ones(2)})]) is None
    waveform = Decided("crop", torch.zeros(2, 1, 50), {"mask": torch.ones(2, 1, 2, 2)})
    assert save_decisions(tmp_path / "a.png", [waveform]) is None
    assert not list(tmp_path.iterdir())
    assert save_decisions(tmp_path / "a.png", [Decided("eq", torch.zeros(2, 1, 50), {"gain_db": torch.ones(2, 9)})])


def test_what_needs_no_sample_is_drawn_of_waveforms_too():
    made = {"gain": torch.rand(2, 8, 12) - 0.5, "mixing": torch.rand(2, 3, 3), "weights": torch.full((2, 4), 0.25)}
    kinds = drawable(Decided("filter", torch.zeros(2, 1, 50), {**made, "mask": torch.ones(2, 1, 2, 2)}))
    assert [(each.name, each.has_axis) for each in kinds] == [
        ("filter: gain", False),
        ("filter: mixing", False),
        ("filter: weights", True),
    ]
    for kind in kinds:
        axes = Figure().add_axes((0, 0, 1, 1))
        kind.draw(axes, 1)
        assert axes.images or axes.patches
