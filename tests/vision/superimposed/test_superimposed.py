import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import default_collate

from viewlearn.data import ArrayDataset
from viewlearn.views import Compose
from viewlearn.views.decode import ToFloat
from vision.superimposed import (
    Composite,
    Digits,
    Letters,
    Overlay,
    RedrawOverlay,
    ScatteredDigit,
    Shapes,
    composite,
    superimpose,
)
from vision.superimposed.digits import digit_bank
from vision.superimposed.letters import letter_bank
from vision.superimposed.shapes import shape_bank

OVERLAYS = {"digits": Digits(), "scattered": ScatteredDigit(), "letters": Letters(), "shapes": Shapes()}
every_overlay = pytest.mark.parametrize("overlay", OVERLAYS.values(), ids=OVERLAYS)
SIZES = [(32, 32), (48, 64), (96, 96)]


def images(number: int = 12, size: tuple[int, int] = (32, 32), channels: int = 3) -> ArrayDataset:
    x = torch.randint(0, 256, (number, channels, *size), generator=torch.Generator().manual_seed(1))
    return ArrayDataset(x.to(torch.uint8), {"object": torch.arange(number) % 3})


class Lazy:
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


@every_overlay
@pytest.mark.parametrize("size", SIZES)
def test_an_overlay_depends_on_seed_split_and_index_alone(overlay: Overlay, size):
    rendered, labels = overlay.render("train", np.arange(300), size, seed=0)
    assert rendered.shape == (300, 4, *size) and rendered.dtype == torch.uint8
    some = np.array([299, 0, 17])
    again, labels_again = overlay.render("train", some, size, seed=0)
    assert torch.equal(again, rendered[some]) and torch.equal(labels_again, labels[some])
    for split, seed in (("test", 0), ("train", 1)):
        assert not torch.equal(overlay.render(split, np.arange(300), size, seed)[0], rendered)


@every_overlay
def test_every_class_is_drawn_about_equally_often(overlay: Overlay):
    labels = overlay.render("train", np.arange(5200), (32, 32), seed=3)[1]
    counts = labels.bincount(minlength=len(overlay.classes))
    expected = 5200 / len(overlay.classes)
    assert len(counts) == len(overlay.classes)
    assert ((counts - expected).abs() < 0.12 * expected + 4 * expected**0.5).all()


@every_overlay
def test_same_class_looks_alike_and_others_do_not(overlay: Overlay):
    rendered, labels = overlay.render("train", np.arange(2000), (32, 32), seed=0)
    means = torch.stack([rendered[labels == label, 3].float().mean(0) for label in range(len(overlay.classes))])
    assert torch.pdist(means.flatten(1)).min() > 50


def test_digits_are_pasted_as_published():
    bank, labels = digit_bank(None, "train")
    rendered, drawn = Digits().render("train", np.arange(40), (32, 32), seed=0)
    for number in range(40):
        digit = rendered[number, 0, 4:14, 4:14]
        matches = (bank == digit).flatten(1).all(1).nonzero()[:, 0]
        assert drawn[number] in labels[matches]
        pasted = Image.new("RGBA", (32, 32))
        ink = Image.fromarray(digit.numpy())
        mask = Image.fromarray(((digit > 0) * 255).to(torch.uint8).numpy())
        for x in (4, 16):
            for y in (4, 16):
                pasted.paste(Image.merge("RGBA", [ink, ink, ink, mask]), (x, y), mask)
        np.testing.assert_array_equal(rendered[number].permute(1, 2, 0).numpy(), np.asarray(pasted))


def test_letters_stand_in_their_quadrants_in_one_color():
    rendered, labels = Letters().render("train", np.arange(500), (32, 32), seed=0)
    bank = letter_bank(12)
    colors = rendered[:, :3]
    assert torch.equal(colors, colors[:, :, :1, :1].expand_as(colors))
    for number in range(500):
        glyph = torch.from_numpy(bank[labels[number]])
        canvas = torch.nn.functional.pad(rendered[number, 3], (0, 16, 0, 16))
        high, wide = glyph.shape
        for quadrant in range(4):
            # What is left to be seen of the letter, somewhere among the published starts.
            lows = [(0, 7), (16, 22)]
            starts = [(y, x) for y in range(*lows[quadrant // 2]) for x in range(*lows[quadrant % 2])]
            assert any(_shows(canvas, glyph, y, x, high, wide) for y, x in starts)


def _shows(canvas, glyph, y, x, high, wide) -> bool:
    seen = canvas[y : y + high, x : x + wide]
    inside = torch.zeros_like(glyph)
    inside[: 32 - y, : 32 - x] = 1
    return bool((seen >= glyph * inside).all())


def test_shapes_fill_the_center_third():
    bank = torch.from_numpy(shape_bank((96, 96))).float() / 180
    areas = bank.sum((1, 2)) / 32**2
    torch.testing.assert_close(areas, torch.tensor([1.0, 0.5, torch.pi / 4]), atol=2e-3, rtol=0)
    assert torch.equal(bank[0], torch.nn.functional.pad(torch.ones(32, 32), (32, 32, 32, 32)))
    rows = bank[1].sum(1)[32:64]
    assert (rows.diff() > 0).all(), "the triangle stands on its base"
    assert shape_bank((32, 32)).max() == 180


@pytest.mark.parametrize("source", [None, "folder"])
def test_digits_of_splits_are_disjoint(source, digit_folder):
    root = None if source is None else str(digit_folder)
    banks = {split: digit_bank(root, split)[0] for split in ("train", "validation", "test")}
    unique = {split: {glyph.numpy().tobytes() for glyph in bank} for split, bank in banks.items()}
    assert sum(map(len, unique.values())) == len(set.union(*unique.values())) == sum(map(len, banks.values()))


@pytest.fixture
def digit_folder(tmp_path):
    generator = np.random.default_rng(0)
    for split, number in (("train", 4), ("test", 2)):
        for label in range(10):
            folder = tmp_path / split / str(label)
            folder.mkdir(parents=True)
            for i in range(number):
                Image.fromarray(generator.integers(0, 256, (28, 28), np.uint8)).save(folder / f"{i}.png")
    return tmp_path


def test_digits_from_a_folder(digit_folder):
    bank, labels = digit_bank(str(digit_folder), "test")
    expected = np.stack([np.asarray(Image.open(path)) for path in sorted((digit_folder / "test").glob("*/*.png"))])
    np.testing.assert_array_equal(bank.numpy(), expected)
    assert labels.tolist() == [label for label in range(10) for _ in range(2)]
    assert Digits(str(digit_folder)).render("train", np.arange(3), (32, 32), 0)[0].shape == (3, 4, 32, 32)


def test_a_root_without_digits_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no digits in"):
        Digits(str(tmp_path)).render("train", np.arange(3), (32, 32), 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_composite_is_linear_interpolation(channels, generator):
    planes = torch.randint(0, 256, (64, channels + 4, 5, 6), generator=generator).to(torch.uint8)
    exact = planes.double() / 255
    color = exact[:, channels : channels + 3]
    color = color if channels == 3 else color.mean(1, keepdim=True)
    expected = exact[:, :channels] * (1 - exact[:, -1:]) + color * exact[:, -1:]
    torch.testing.assert_close(composite(exact), expected)
    assert (composite(planes).double() / 255 - expected).abs().max() <= 0.5 / 255 + 1e-6


@every_overlay
@pytest.mark.parametrize("planes", [False, True])
def test_superimposed_in_memory_and_as_read_are_equal(overlay: Overlay, planes):
    base, index = images(), np.arange(12) * 3
    stored = superimpose(base, overlay, "train", index, seed=2, planes=planes)
    read = superimpose(Lazy(base), overlay, "train", index, seed=2, planes=planes)
    x, labels = default_collate([read[i] for i in range(12)])
    assert torch.equal(stored.x, x)
    assert stored.labels.keys() == labels.keys() == {"object", overlay.task}
    assert all(torch.equal(stored.labels[task], labels[task]) for task in labels)
    assert stored.x.shape[1] == 3 + 4 * planes
    if planes:
        assert torch.equal(stored.x[:, :3], base.x)


def test_a_task_of_the_overlays_name_is_refused():
    with pytest.raises(ValueError, match="'digit' already"):
        superimpose(ArrayDataset(images().x, {"digit": [0] * 12}), Digits(), "train", np.arange(12))


def separate(number: int = 64) -> torch.Tensor:
    return superimpose(images(number), Shapes(), "train", np.arange(number), planes=True).x.float() / 255


def test_redrawing_exchanges_overlays_of_the_drawn_images_only(generator):
    x, view = separate(), RedrawOverlay(0.5, channels=3)
    params = view.sample(x, generator)
    seen = view.transform(x, params)
    assert torch.equal(seen[:, :3], x[:, :3])
    for i in range(len(x)):
        source = params["donor"][i] if params["redraw"][i] else i
        assert torch.equal(seen[i, 3:], x[source, 3:])
    assert (params["donor"] != torch.arange(len(x))).all()


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_redraws_come_with_their_probability(probability, generator):
    x = torch.zeros(20000, 7, 1, 1)
    params = RedrawOverlay(probability, channels=3).sample(x, generator)
    assert abs(params["redraw"].float().mean() - probability) < 4 * (0.25 / 20000) ** 0.5 * (probability % 1 > 0) or (
        params["redraw"].float().mean() == probability
    )
    assert params["donor"].bincount(minlength=20000).float().var() < 1.2  # Poisson: every image is a donor alike


def test_redraw_bad_input():
    with pytest.raises(ValueError, match=r"probability is 1\.5"):
        RedrawOverlay(1.5, channels=3)
    with pytest.raises(ValueError, match="needs channels"):
        RedrawOverlay()
    with pytest.raises(ValueError, match="planes=True"):
        RedrawOverlay(channels=3)(torch.zeros(4, 3, 8, 8))


def test_composite_as_a_front_end():
    x, view = separate(), Composite(channels=3)
    assert torch.equal(view(x), composite(x))
    assert view.like(x).shape == (64, 3, 32, 32)
    assert torch.equal(view(x[:, :3]), x[:, :3])
    with pytest.raises(ValueError, match="images have 5 channels"):
        view(x[:, :5])


def test_scattered_digits_stay_inside():
    rendered, _ = ScatteredDigit(smallest=0.5, largest=1.0, colored=True).render("train", np.arange(200), (32, 32), 0)
    assert (rendered[:, 3].float().mean((1, 2)) > 5).all()
    with pytest.raises(ValueError, match="smallest"):
        ScatteredDigit(smallest=0.9, largest=0.5)


def test_the_oracle_in_a_pipeline_is_clean_without_redraws(generator):
    x = superimpose(images(8), Digits(), "train", np.arange(8), planes=True).x
    views = Compose(decode=ToFloat(), redraw=RedrawOverlay(1.0, channels=3), front_end=Composite(channels=3))
    params = views.sample(x, generator)
    redrawn = views.transform(x, params)
    assert redrawn.shape == views.like(x).shape == (8, 3, 32, 32)
    params["redraw"]["redraw"] = torch.zeros(8, dtype=torch.bool)
    clean = views.transform(x, params)
    torch.testing.assert_close(clean, composite(x) / 255.0, atol=0.51 / 255, rtol=0)
    changed = (redrawn != clean).any(1)
    grid = torch.zeros(32, 32, dtype=torch.bool)
    for top in (4, 16):
        for left in (4, 16):
            grid[top : top + 10, left : left + 10] = True
    assert changed.any((1, 2)).all() and not (changed & ~grid).any()
