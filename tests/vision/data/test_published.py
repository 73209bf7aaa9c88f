"""CIFAR and STL-10, from tiny files in their published formats."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from vision.data import CIFAR10, CIFAR100, STL10
from vision.superimposed import Digits, Letters

CLASSES = ("airplane", "automobile", "bird")


@pytest.fixture
def tree(tmp_path):
    generator = np.random.default_rng(0)
    for split, number in (("train", 8), ("test", 4)):
        for name in CLASSES:
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for i in range(number):
                Image.fromarray(generator.integers(0, 256, (32, 32, 3), np.uint8)).save(folder / f"{i:04d}.png")
    return tmp_path


@pytest.fixture
def pickled(tmp_path, monkeypatch):
    """CIFAR-10's and CIFAR-100's pickled batches, four images each; their published sums are waived."""
    generator = np.random.default_rng(0)
    monkeypatch.setattr(datasets.cifar, "check_integrity", lambda path, md5=None: True)
    for kind, key, number in ((datasets.CIFAR10, "labels", 10), (datasets.CIFAR100, "fine_labels", 100)):
        folder = tmp_path / kind.base_folder
        folder.mkdir()
        for name, _ in kind.train_list + kind.test_list:
            content = {"data": generator.integers(0, 256, (4, 3072), np.uint8), key: list(range(4))}
            (folder / name).write_bytes(pickle.dumps(content))
        names = {kind.meta["key"]: [f"class{i}" for i in range(number)]}
        (folder / kind.meta["filename"]).write_bytes(pickle.dumps(names))
    return tmp_path


def test_a_folder_tree(tree):
    data = CIFAR10(str(tree), validation_fraction=0.25)
    assert data.spec.shape == (3, 32, 32)
    assert data.spec.tasks == {"object": CLASSES}
    assert data.spec.num_train == 18
    train, validation, test = (data.split(name) for name in ("train", "validation", "test"))
    assert (len(train), len(validation), len(test)) == (18, 6, 12)
    assert len({image.numpy().tobytes() for image in torch.cat([train.x, validation.x, test.x])}) == 36
    for i, path in enumerate(sorted((tree / "test").rglob("*.png"))):
        assert torch.equal(test.x[i], torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1))
        assert CLASSES[test.labels["object"][i]] == path.parent.name


def test_a_limit_keeps_images_and_their_overlays(tree):
    whole, some = (CIFAR10(str(tree), overlay=Digits(), validation_fraction=0.25, limit=limit) for limit in (None, 7))
    rows = {image.numpy().tobytes(): label for image, label in _pairs(whole.split("train"))}
    assert len(some.split("train")) == 7
    for image, label in _pairs(some.split("train")):
        assert rows[image.numpy().tobytes()] == label
    assert torch.equal(some.split("validation").x, whole.split("validation").x)


def _pairs(dataset):
    labels = dataset.labels
    return zip(dataset.x, zip(labels["object"].tolist(), labels["digit"].tolist(), strict=True), strict=True)


@pytest.mark.parametrize(("kind", "number"), [(CIFAR10, 10), (CIFAR100, 100)])
def test_pickled_batches(pickled, kind, number):
    data = kind(str(pickled), overlay=Letters(), validation_fraction=0.05)
    published = kind.published()(str(pickled), train=False)
    assert {task: len(names) for task, names in data.spec.tasks.items()} == {"object": number, "letter": 26}
    plain = kind(str(pickled), validation_fraction=0.05).split("test")
    np.testing.assert_array_equal(plain.x.permute(0, 2, 3, 1).numpy(), published.data)
    assert plain.labels["object"].tolist() == published.targets


def test_a_broken_pickle_is_not_read(pickled, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="corrupted"):
        CIFAR10(str(pickled), validation_fraction=0.05).split("train")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation_fraction": 1}, "validation_fraction is 1; "),
        ({"validation_fraction": 0.99}, "holding out 24 of 24 images"),
        ({"validation_fraction": -0.1}, r"validation_fraction is -0\.1"),
        ({"validation_fraction": 1 / 6, "limit": 21}, "limit is 21; it must be in 1 … 20"),
        ({"validation_fraction": 1 / 6, "limit": 0}, "limit is 0"),
    ],
)
def test_fractions_and_limits_that_leave_no_images(tree, arguments, message):
    with pytest.raises(ValueError, match=message):
        CIFAR10(str(tree), **arguments).split("train")


@pytest.mark.parametrize("kind", [CIFAR10, CIFAR100, STL10])
def test_a_root_without_data_says_what_is_expected(tmp_path, kind):
    with pytest.raises(ValueError, match=r"expected .* or allow download"):
        kind(str(tmp_path))


@pytest.fixture
def stl(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.STL10, "_check_integrity", lambda self: True)
    folder = tmp_path / datasets.STL10.base_folder
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, number in (("train", 12), ("test", 6), ("unlabeled", 9)):
        generator.integers(0, 256, (number, 3, 96, 96), np.uint8).tofile(folder / f"{name}_X.bin")
        if name != "unlabeled":
            (np.arange(number) % 10 + 1).astype(np.uint8).tofile(folder / f"{name}_y.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    return tmp_path


def test_stl_pretrains_without_labels_and_probes_with(stl):
    data = STL10(str(stl), validation_fraction=1 / 6)
    assert data.spec.num_train == len(data.pretraining()) == 9
    assert data.pretraining().labels == {}
    assert (len(data.split("train")), len(data.split("validation")), len(data.split("test"))) == (10, 2, 6)
    assert data.split("test").labels["object"].tolist() == [0, 1, 2, 3, 4, 5]
    published = datasets.STL10(str(stl), "test").data
    np.testing.assert_array_equal(data.split("test").x.numpy(), published)


def test_stl_with_an_overlay_smaller_and_fewer(stl):
    data = STL10(str(stl), size=32, overlay=Digits(), validation_fraction=1 / 6, limit=5)
    assert data.spec.shape == (3, 32, 32)
    assert data.pretraining().labels.keys() == {"digit"}
    assert data.split("train").labels.keys() == {"object", "digit"}
    assert len(data.pretraining()) == 5
    assert len(STL10(str(stl), validation_fraction=1 / 6, pretrain="train").pretraining()) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 128}, "size is 128"),
        ({"pretrain": "all"}, "pretrain is 'all'"),
        ({"limit": 10}, "limit is 10; it must be in 1 … 9"),
    ],
)
def test_stl_bad_arguments(stl, arguments, message):
    with pytest.raises(ValueError, match=message):
        STL10(str(stl), validation_fraction=1 / 6, **arguments).pretraining()
