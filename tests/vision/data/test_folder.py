import numpy as np
import pytest
import torch
from PIL import Image

from viewlearn.data import check_data, make_loader
from vision.data import ImageFolder
from vision.data.files import find_images
from vision.files import read_center
from vision.superimposed import Shapes


def write(folder, number: int, size=(20, 16), seed: int = 0, suffix: str = ".png"):
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng([seed, *str(folder).encode()])
    for i in range(number):
        Image.fromarray(generator.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(folder / f"{i:03d}{suffix}")


@pytest.fixture
def classes(tmp_path):
    """Class folders, and nothing else."""
    for name in ("cat", "dog"):
        write(tmp_path / name, 20)
    return tmp_path


@pytest.fixture
def splits(tmp_path):
    """Class folders in train and test folders."""
    for split, number in (("train", 10), ("test", 5)):
        for name in ("cat", "dog"):
            write(tmp_path / split / name, number)
    return tmp_path


def rows(dataset) -> set[bytes]:
    return {dataset[i][0].numpy().tobytes() for i in range(len(dataset))}


def test_class_folders_are_divided_into_disjoint_splits(classes):
    data = ImageFolder(str(classes), size=16, validation_fraction=0.1, test_fraction=0.2)
    assert data.spec.tasks == {"class": ("cat", "dog")}
    assert data.spec.shape == (3, 16, 16)
    sizes = {split: len(data.split(split)) for split in ("train", "validation", "test")}
    assert sizes == {"train": 28, "validation": 4, "test": 8}
    assert len(set.union(*(rows(data.split(split)) for split in sizes))) == 40
    again = ImageFolder(str(classes), size=16, validation_fraction=0.1, test_fraction=0.2)
    assert torch.equal(again.split("train").x, data.split("train").x)


def test_labels_follow_the_folders(splits):
    data = ImageFolder(str(splits), size=16, validation_fraction=0.0)
    test = data.split("test")
    assert len(test) == 10 and len(data.split("train")) == 20
    for i, path in enumerate(sorted((splits / "test").rglob("*.png"))):
        assert test.labels["class"][i] == ("cat", "dog").index(path.parent.name)
        assert torch.equal(test.x[i], read_center(path, 16))


@pytest.mark.parametrize("name", ["validation", "valid", "val"])
def test_a_validation_folder_is_taken(splits, name):
    write(splits / name / "dog", 3)
    data = ImageFolder(str(splits), size=16)
    assert data.split("validation").labels["class"].tolist() == [1, 1, 1]
    assert len(data.split("train")) == 20


@pytest.mark.parametrize("train", [False, True])
def test_unlabeled_folders(tmp_path, train):
    write(tmp_path / "train" if train else tmp_path, 20)
    data = ImageFolder(str(tmp_path), size=8)
    assert data.spec.tasks == {}
    assert data.split("train").labels == {}
    assert len(data.split("train")) == 16


def test_files_are_read_each_time_with_equal_batches(splits):
    kept, read = (ImageFolder(str(splits), size=16, overlay=Shapes(), memory_gb=gb) for gb in (1.0, 0.0))
    a, b = (make_loader(data.split("train"), 4, num_workers=0) for data in (kept, read))
    assert type(a) is not type(b)
    for one, other in zip(a.epoch(1), b.epoch(1), strict=True):
        assert torch.equal(one.x, other.x)
        assert one.labels.keys() == other.labels.keys() == {"class", "shape"}
        assert all(torch.equal(one.labels[task], other.labels[task]) for task in one.labels)
    np.testing.assert_allclose(kept.spec.mean, read.spec.mean)
    np.testing.assert_allclose(kept.spec.std, read.spec.std)


@pytest.mark.parametrize("memory_gb", [1.0, 0.0])
@pytest.mark.parametrize("content", [b"", b"not an image", "cut"])
def test_an_unreadable_image_stops_the_run_or_is_skipped(splits, memory_gb, content):
    broken = splits / "train" / "cat" / "003.png"
    whole = ImageFolder(str(splits), size=16, validation_fraction=0.0, overlay=Shapes()).split("train")
    broken.write_bytes(broken.read_bytes()[:300] if content == "cut" else content)
    with pytest.raises(ValueError, match=r"003\.png"):
        _ = ImageFolder(str(splits), size=16, validation_fraction=0.0, memory_gb=memory_gb).spec
    data = ImageFolder(
        str(splits), size=16, validation_fraction=0.0, memory_gb=memory_gb, unreadable="skip", overlay=Shapes()
    )
    with pytest.warns(UserWarning, match=r"(?s)1 of 20 files can't be read.*003\.png"):
        train = data.split("train")
    # Those that are left have the overlays that they had.
    others = [i for i in range(20) if i != 3]
    assert len(train) == 19
    for i, other in enumerate(others):
        assert torch.equal(train[i][0], whole[other][0]) and train[i][1] == whole[other][1]


def test_what_was_skipped_is_listed_for_all_splits(splits):
    broken = [splits / "train" / "cat" / "003.png", splits / "test" / "cat" / "001.png"]
    for path in broken:
        path.write_bytes(b"")
    data = ImageFolder(str(splits), size=16, validation_fraction=0.0, unreadable="skip")
    with pytest.warns(UserWarning, match="can't be read"):
        assert list(data.skipped) == [str(path) for path in broken]
    assert "001.png" in data.skipped[str(broken[1])]
    assert ImageFolder(str(splits.parent / "splits"), size=16).skipped == {}


def test_an_unreadable_image_that_is_held_out_stops_the_run_as_well(classes):
    held_out = ImageFolder(str(classes), size=16)._found["validation"][0].paths
    held_out[1].write_bytes(b"no image")
    with pytest.raises(ValueError, match=rf"1 of 4 files can't be read; .*{held_out[1].name}"):
        check_data(ImageFolder(str(classes), size=16))
    with pytest.warns(UserWarning, match="they are left out"):
        data = ImageFolder(str(classes), size=16, unreadable="skip")
        check_data(data)
    assert list(data.skipped) == [str(held_out[1])]


def test_all_unreadable_is_an_error_even_when_skipping(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"")
    with pytest.raises(ValueError, match="2 of 2 files"):
        ImageFolder(str(tmp_path), validation_fraction=0.0, test_fraction=0.0, unreadable="skip").split("train")


def test_an_empty_folder_names_itself_and_the_suffixes(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ValueError, match=rf"no images in the folder '{tmp_path}'.*\.jpg.*\.png"):
        _ = ImageFolder(str(tmp_path)).spec
    with pytest.raises(ValueError, match="there is no folder"):
        _ = ImageFolder(str(tmp_path / "absent")).spec


def test_layouts_that_are_refused(splits):
    (splits / "train" / "bird").mkdir()
    with pytest.raises(ValueError, match=r"class folder .*bird"):
        find_images(splits / "train")
    (splits / "train" / "bird").rmdir()
    write(splits / "test" / "bird", 1)
    with pytest.raises(ValueError, match="bird' is a class that train doesn't have"):
        ImageFolder(str(splits)).split("test")
    write(splits / "train", 1)
    with pytest.raises(ValueError, match="images of its own"):
        find_images(splits / "train")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size is 0"),
        (
            {"validation_fraction": 0.6, "test_fraction": 0.5},
            r"test_fraction is 0\.5; .* less than 1",
        ),
        ({"memory_gb": -2.0}, r"memory_gb is -2\.0"),
        ({"unreadable": "ignore"}, "unreadable is 'ignore'"),
        ({"planes": True}, "no overlay"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageFolder(str(tmp_path), **arguments)


def test_a_split_that_got_no_images(classes):
    with pytest.raises(ValueError, match=r"no images are left for validation"):
        ImageFolder(str(classes), validation_fraction=0.0).split("validation")
