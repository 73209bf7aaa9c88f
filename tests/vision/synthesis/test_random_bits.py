"""Random bits beside images."""

import numpy as np
import pytest
import torch
from PIL import Image

import viewlearn
import viewlearn.data
from viewlearn.data import check_data, take
from viewlearn.runs.binding import bind
from vision import ImageFolder, PhotoDigits, RandBit, SimCLRViews


@pytest.fixture(scope="module")
def images() -> PhotoDigits:
    return PhotoDigits(num_train=300, num_validation=40, num_test=60, size=16)


def test_bits_are_fair_fixed_and_labels(images):
    data = RandBit(images, bits=10, bit_tasks=3)
    train = data.split("train")
    assert train.x.shape == (300, 3 + 2, 16, 16) and data.spec.shape == (13, 16, 16)
    assert torch.equal(train.x[:, :3], images.split("train").x)
    shown = data.pipeline()(train.x)[:, 3:, 0, 0]
    assert torch.equal(shown, data.code("train", np.arange(300)).float())
    assert abs(float(shown.mean()) - 0.5) < 4 * 0.5 / 3000**0.5
    assert float(torch.corrcoef(shown.T).fill_diagonal_(0).abs().max()) < 4.5 / 300**0.5
    for j in range(3):
        assert torch.equal(train.labels[f"bit {j}"], shown[:, j].long())
    assert list(data.spec.tasks) == ["region", "digit", "bit 0", "bit 1", "bit 2"]
    assert not torch.equal(data.code("test", np.arange(60)), data.code("train", np.arange(60)))
    assert torch.equal(data.code("train", np.array([7, 250])), data.code("train", np.arange(300))[[7, 250]])
    check_data(data)


def test_what_is_shown(images):
    own, redrawn, gray = (RandBit(images, 6, showing, 1) for showing in ("own", "redrawn", "gray"))
    code = own.code("test", np.arange(60))
    for data in (own, redrawn, gray):  # labels are the images' own
        assert torch.equal(data.split("test").labels["bit 0"], code[:, 0].long())
    other = redrawn.pipeline()(redrawn.split("test").x)[:, 3:, 0, 0]
    assert 0.35 < float((other == code).float().mean()) < 0.65
    assert (gray.pipeline()(gray.split("test").x)[:, 3:] == 0.5).all()


def test_no_bits_are_the_images(images):
    data = RandBit(images, 0)
    assert data.split("train") is images.split("train") and data.spec == images.spec


def test_knobs_end(images):
    with pytest.raises(ValueError, match=r"bits is 21; it must lie in \[0, 20\]"):
        RandBit(images, 21)
    with pytest.raises(ValueError, match="have a task 'bit 0' already"):
        RandBit(RandBit(images, 2), 2).split("train")
    with pytest.raises(ValueError, match="showing"):
        RandBit(images, 2, "none")


def test_images_that_stay_in_their_files(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(12):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(path)
    kept, read = (RandBit(ImageFolder(str(tmp_path), 16, memory_gb=gb), 9) for gb in (1.0, 0.0))
    whole, lazy = kept.split("train"), read.split("train")
    again = take(lazy, torch.arange(len(lazy)))
    assert torch.equal(whole.x, again.x)
    assert all(torch.equal(whole.labels[task], again.labels[task]) for task in whole.labels)


def test_the_encoder_reads_them_and_views_are_told_of_the_images_alone(images):
    data = RandBit(images, 9)
    encoder = data.bind(viewlearn.WhitenedConvNet, widths=(4, 6))
    assert encoder.code_bits == 9 and encoder.filters.shape == (24, 3, 2, 2)
    encoder.see(data.pipeline()(data.split("train").x))
    assert data.bind(viewlearn.Viewmaker, width=4).channels == 3
    method = viewlearn.SimCLR(encoder, data.pipeline(SimCLRViews(size=16)), dim=8)
    x = data.pipeline()(data.split("train").x[:32])
    flipped = x.clone()
    flipped[:, 3] = 1 - flipped[:, 3]
    encoder.eval()
    assert (encoder(x) != encoder(flipped)).any()
    batch = viewlearn.data.Batch(data.split("train").x[:32], {}, torch.arange(32))
    loss, _ = method(batch, torch.Generator().manual_seed(0))
    loss.backward()
    assert encoder.blocks[0][0].weight.grad[:, 24:].abs().sum() > 0
    nested = {"class_path": "viewlearn.Viewmaker", "init_args": None}
    assert bind(nested, data.spec)["init_args"].channels == 3
    nested = {"class_path": "viewlearn.WhitenedConvNet", "init_args": None}
    assert bind(nested, data.spec)["init_args"].channels == 12
