import pytest
import torch

from vision import PhotoDigits
from vision.superimposed import composite
from vision.superimposed.digits import digit_bank
from vision.synthesis import photo_digits
from vision.synthesis.photo_digits import REGIONS, cells_of, draw_windows, photographs, resample

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def data() -> PhotoDigits:
    return PhotoDigits(num_train=600, num_validation=100, num_test=200)


def test_spec_and_splits(data):
    assert data.spec.shape == (3, 32, 32)
    assert {task: len(names) for task, names in data.spec.tasks.items()} == {"digit": 10, "region": 8}
    assert data.spec.num_train == 600
    x = data.split("train").x.float() / 255
    torch.testing.assert_close(torch.tensor(data.spec.mean), x.mean((0, 2, 3)))
    torch.testing.assert_close(torch.tensor(data.spec.std), x.std((0, 2, 3), correction=0))
    for split, num in zip(SPLITS, (600, 100, 200), strict=True):
        dataset = data.split(split)
        assert dataset.x.shape == (num, 3, 32, 32) and dataset.x.dtype == torch.uint8
        for task, num_classes in (("digit", 10), ("region", 8)):
            assert dataset.labels[task].unique().tolist() == list(range(num_classes))


@pytest.mark.parametrize("split", SPLITS)
def test_no_pixel_of_a_photograph_is_in_two_splits(split, monkeypatch):
    # Photographs that are white in the cells of the other splits: none of that may be seen.
    others = [torch.zeros_like(image) for image in photographs()]
    for region in REGIONS.values():
        for other in set(SPLITS) - {split}:
            for left, top, width, height in cells_of(region)[other]:
                others[region.photograph][:, top : top + height, left : left + width] = 1
    monkeypatch.setattr(photo_digits, "photographs", lambda: others)
    windows, _ = draw_windows(split, torch.arange(3000).numpy(), seed=0)
    assert not resample(windows, 32).any()


def test_cells_lie_in_their_region_and_nowhere_else():
    taken = [torch.zeros(image.shape[1:], dtype=torch.int) for image in photographs()]
    for region in REGIONS.values():
        cells = cells_of(region)
        assert all(cells[split] for split in SPLITS)
        for left, top, width, height in (cell for split in SPLITS for cell in cells[split]):
            assert min(width, height) >= 36
            assert region.left <= left and left + width <= region.right
            assert region.top <= top and top + height <= region.bottom
            taken[region.photograph][top : top + height, left : left + width] += 1
    assert all(image.max() == 1 for image in taken)


def test_digits_of_the_splits_are_disjoint():
    banks = {split: {glyph.numpy().tobytes() for glyph in digit_bank(None, split)[0]} for split in SPLITS}
    assert sum(map(len, banks.values())) == len(set.union(*banks.values())) == 1797


def test_an_image_depends_on_seed_split_and_index_alone(data):
    again = PhotoDigits(num_train=50)
    assert torch.equal(again.split("train").x, data.split("train").x[:50])
    assert not torch.equal(PhotoDigits(num_train=50, seed=1).split("train").x, again.split("train").x)


def test_planes_flatten_to_the_same_images(data):
    separate = PhotoDigits(num_train=50, planes=True)
    assert separate.split("train").x.shape == (50, 7, 32, 32)
    assert torch.equal(composite(separate.split("train").x), data.split("train").x[:50])
    seen = separate.front_end(separate.decode(separate.split("train").x))
    torch.testing.assert_close(seen, data.decode(data.split("train").x[:50]), atol=0.51 / 255, rtol=0)
    assert separate.spec.shape == (3, 32, 32)


@pytest.mark.parametrize("argument", ["num_train", "num_validation", "num_test", "size"])
def test_numbers_below_one_are_refused(argument):
    with pytest.raises(ValueError, match="is 0; it must lie in"):
        PhotoDigits(**{argument: 0})


def test_an_unknown_split_is_refused(data):
    with pytest.raises(ValueError, match="no split 'val'"):
        data.split("val")
