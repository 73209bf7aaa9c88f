import matplotlib.image
import numpy as np
import pytest
import torch

from viewlearn.plots import save_views_gallery
from viewlearn.plots.gallery import _columns, _span


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("num_views", [1, 2])
def test_images(tmp_path, channels, num_views, generator):
    x = torch.rand(3, channels, 8, 8, generator=generator)
    views = [x + 0.2 * torch.randn(x.shape, generator=generator) for _ in range(num_views)]
    path = save_views_gallery(tmp_path / "new" / "views.png", x, views, labels=["a", "b", "c"], title="views")
    assert path == tmp_path / "new" / "views.png"
    assert [file.name for file in path.parent.iterdir()] == ["views.png"]
    assert matplotlib.image.imread(path).std() > 0.05


def test_columns_and_amplification(generator):
    x = torch.rand(2, 3, 4, 4, generator=generator)
    views = [x + 0.01, x - 0.02]
    names, tensors, differences = zip(*_columns(x, views, 10), strict=True)
    assert differences == (False, False, False, True, True)
    assert names[:3] == ("original", "view 1", "view 2")
    assert all(name.startswith("10 × difference") for name in names[3:])
    torch.testing.assert_close(tensors[4], torch.full_like(x, -0.02))


def test_a_view_that_changes_nothing_has_a_gray_difference(tmp_path):
    x = torch.ones(1, 3, 8, 8)
    path = save_views_gallery(tmp_path / "views.png", x, [x])
    picture = matplotlib.image.imread(path)[..., :3]
    center = picture[picture.shape[0] * 2 // 3]
    assert np.allclose(center[-center.shape[0] // 8], 0.5, atol=0.01)


def test_a_view_of_another_size_has_no_difference(tmp_path, generator):
    x = torch.rand(2, 3, 8, 8, generator=generator)
    view = torch.rand(2, 3, 6, 6, generator=generator)
    assert [name for name, _, _ in _columns(x, [view], 10)] == ["original", "view"]
    assert save_views_gallery(tmp_path / "views.png", x, [view]).is_file()


@pytest.mark.parametrize("seconds", [None, 1.5])
def test_spectrograms(tmp_path, seconds, generator):
    x = torch.randn(2, 1, 16, 24, generator=generator)
    path = save_views_gallery(tmp_path / "views.png", x, [x + 0.1, x], kind="spectrogram", seconds=seconds)
    assert path.is_file()


def test_the_scale_of_a_constant_spectrogram_is_not_empty():
    low, high = _span(torch.full((1, 1, 4, 4), 2.0))
    assert low < 2 < high


@pytest.mark.parametrize(
    ("shape", "view", "options", "message"),
    [
        ((2, 2, 8, 8), (2, 2, 8, 8), {}, r"images of shape \(2, 2, 8, 8\)"),
        ((2, 3, 8, 8), (2, 3, 8, 8), {"kind": "spectrogram"}, r"spectrograms of shape \(2, 3, 8, 8\)"),
        ((2, 3, 8, 8), (1, 3, 8, 8), {}, "2 originals and a view of 1"),
        ((0, 3, 8, 8), (0, 3, 8, 8), {}, "0 originals"),
        ((2, 3, 8, 8), (2, 3, 8, 8), {"kind": "sound"}, "kind is 'sound'"),
        ((2, 3, 8, 8), (2, 3, 8, 8), {"labels": ["a"]}, "1 labels for 2 samples"),
    ],
)
def test_bad_input_is_named(tmp_path, shape, view, options, message):
    with pytest.raises(ValueError, match=message):
        save_views_gallery(tmp_path / "views.png", torch.zeros(shape), [torch.zeros(view)], **options)
    assert not list(tmp_path.iterdir())
