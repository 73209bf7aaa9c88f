"""Each loader on a miniature of the published layout."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from vision.data.benchmarks import (
    CUB200,
    Flowers102,
    ImageNet100,
    INaturalist,
    cifar_c_files,
    imagenet_c_files,
    objectnet_files,
)

SIDE = 12


def shade(*key) -> int:
    """A gray level that tells one image from another."""
    return sum(map(ord, "/".join(map(str, key)))) % 200 + 20


def write(path, level: int, size=(16, SIDE), frame: bool = False):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), level, np.uint8)
    if frame:
        pixels[[0, -1]] = pixels[:, [0, -1]] = (255, 0, 0)
    Image.fromarray(pixels).save(path, "PNG")


def levels(dataset) -> list[int]:
    return [int(dataset[i][0].float().mean().round()) for i in range(len(dataset))]


def labels(dataset) -> list[int]:
    return [dataset[i][1]["object"] for i in range(len(dataset))]


@pytest.fixture
def imagenet(tmp_path):
    for split, number in (("train", 10), ("val", 2)):
        for wnid in ("n01", "n02", "n03"):
            for i in range(number):
                write(tmp_path / "imagenet" / split / wnid / f"{wnid}_{i}.JPEG", shade(split, wnid, i))
    (tmp_path / "list.txt").write_text("n03 third\n\nn01\n")
    return tmp_path


@pytest.mark.parametrize("memory_gb", [1.0, 0.0])
def test_imagenet_100(imagenet, memory_gb):
    root, listed = str(imagenet / "imagenet"), str(imagenet / "list.txt")
    data = ImageNet100(root, listed, size=SIDE, validation_fraction=0.2, memory_gb=memory_gb)
    assert data.spec.tasks == {"object": ("n03", "n01")}
    assert data.spec.shape == (3, SIDE, SIDE)
    assert {split: len(data.split(split)) for split in data.splits} == {"train": 16, "validation": 4, "test": 4}
    test = data.split("test")
    assert labels(test) == [0, 0, 1, 1]
    assert levels(test) == [shade("val", wnid, i) for wnid in ("n03", "n01") for i in (0, 1)]
    everything = sorted(levels(data.split("train")) + levels(data.split("validation")))
    assert everything == sorted(shade("train", wnid, i) for wnid in ("n03", "n01") for i in range(10))


def test_imagenet_100_says_what_it_expects(imagenet):
    root, listed = imagenet / "imagenet", str(imagenet / "list.txt")
    with pytest.raises(ValueError, match=r"(?s)isn't there; expected in .*train/WNID/\*\.JPEG"):
        ImageNet100(str(imagenet), listed).split("train")
    with pytest.raises(ValueError, match="there is no class list"):
        ImageNet100(str(root), str(imagenet / "nolist.txt")).split("train")
    (imagenet / "list.txt").write_text("n01\nn77\n")
    with pytest.raises(ValueError, match=r"1 of 2 classes have no folder in .*: n77"):
        ImageNet100(str(root), listed).split("train")
    (imagenet / "list.txt").write_text("n01\nn01\n")
    with pytest.raises(ValueError, match="has n01 more than once"):
        ImageNet100(str(root), listed).split("train")
    (imagenet / "list.txt").write_text("n01\n")
    (root / "train" / "n01" / "broken.JPEG").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"(?s)1 of 11 files can't be read.*broken\.JPEG"):
        ImageNet100(str(root), listed, validation_fraction=0).split("train")
    with pytest.warns(UserWarning, match="they are left out"):
        assert len(ImageNet100(str(root), listed, validation_fraction=0, unreadable="skip").split("train")) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"validation_fraction": 1}, "validation_fraction is 1"),
        ({"memory_gb": -1.0}, r"memory_gb is -1\.0"),
        ({"memory_gb": float("nan")}, "memory_gb is nan"),
        ({"unreadable": "ignore"}, "unreadable is 'ignore'"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        CUB200("nowhere", **options)


@pytest.mark.parametrize("top", ["", "noise"])
def test_imagenet_c(tmp_path, top):
    for severity in range(1, 6):
        for wnid in ("n01", "n02"):
            write(tmp_path / top / "fog" / str(severity) / wnid / "a.JPEG", shade(severity, wnid))
    found = imagenet_c_files(tmp_path, ("n02",), SIDE, corruptions=("fog",))
    assert [levels(dataset) for dataset in found["fog"]] == [[shade(s, "n02")] for s in range(1, 6)]
    assert labels(found["fog"][0]) == [0]
    with pytest.raises(ValueError, match=r"(?s)gaussian_noise.*CORRUPTION/\{1,2,3,4,5\}/WNID"):
        imagenet_c_files(tmp_path, ("n02",))


def test_cifar_c(tmp_path):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (10, 32, 32, 3), np.uint8)
    np.save(tmp_path / "fog.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(10) % 2)
    found = cifar_c_files(tmp_path, ("fog",))["fog"]
    assert len(found) == 5
    assert torch.equal(found[2].x, torch.from_numpy(images[4:6]).permute(0, 3, 1, 2))
    assert found[2].labels["object"].tolist() == [0, 1]
    np.save(tmp_path / "snow.npy", images[:8])
    with pytest.raises(ValueError, match=r"snow\.npy is \(8, 32, 32, 3\) and labels\.npy \(10,\)"):
        cifar_c_files(tmp_path, ("snow",))
    with pytest.raises(ValueError, match=r"frost\.npy' isn't there"):
        cifar_c_files(tmp_path, ("frost",))


def test_objectnet(tmp_path):
    folders = {"alarm_clock": "Alarm clock", "bikini": "Bikini", "air_freshener": "Air freshener"}
    names = {"Alarm clock": "analog clock; digital clock, alarm", "Bikini": "bikini, two-piece"}
    for folder in folders:
        write(tmp_path / "images" / folder / "1.png", shade(folder), frame=True)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "folder_to_objectnet_label.json").write_text(json.dumps(folders))
    (tmp_path / "mappings" / "objectnet_to_imagenet_1k.json").write_text(json.dumps(names))
    synsets = tmp_path / "LOC_synset_mapping.txt"
    synsets.write_text("n01 bikini, two-piece\nn02 digital clock, alarm\nn03 analog clock\nn04 tench, Tinca tinca\n")
    dataset = objectnet_files(tmp_path, synsets, ("n04", "n02", "n01"), SIDE)
    assert labels(dataset) == [1, 2]
    assert levels(dataset) == [shade("alarm_clock"), shade("bikini")]  # nothing of the red frame
    with pytest.raises(ValueError, match="none of ObjectNet's classes is among the 1"):
        objectnet_files(tmp_path, synsets, ("n04",))
    with pytest.raises(ValueError, match=r"(?s)isn't there; expected.*mappings/folder_to_objectnet_label\.json"):
        objectnet_files(tmp_path / "images", synsets, ("n04",))


@pytest.mark.parametrize(("version", "year"), [("2019", "2019"), ("2021", "")])
def test_inaturalist(tmp_path, version, year):
    categories = [{"id": 7, "name": "fox"}, {"id": 3, "name": "newt"}]
    for split, number in (("train", 10), ("val", 3)):
        images = [{"id": i, "file_name": f"images/{split}_{i}.png"} for i in range(number)]
        for image in images:
            write(tmp_path / image["file_name"], shade(image["file_name"]))
        annotations = [{"image_id": i, "category_id": (3, 7)[i % 2]} for i in reversed(range(number))]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (tmp_path / f"{split}{year}.json").write_text(json.dumps(content))
    data = INaturalist(str(tmp_path), version, size=SIDE, validation_fraction=0.2)
    assert data.spec.tasks == {"object": ("newt", "fox")}
    assert len(data.split("train")) == 8
    assert labels(data.split("test")) == [0, 1, 0]
    assert levels(data.split("test")) == [shade(f"images/val_{i}.png") for i in range(3)]
    with pytest.raises(ValueError, match=r"train2018\.json' isn't there"):
        INaturalist(str(tmp_path), "2018").split("train")


def test_cub_200(tmp_path):
    names = {1: "001.Albatross", 2: "002.Auklet"}
    rows = [(i, 1 + i % 2, int(i <= 10)) for i in range(1, 15)]  # number, class, whether in train
    for i, c, _ in rows:
        write(tmp_path / "images" / names[c] / f"{i}.jpg", shade(i))
    tables = {
        "classes.txt": [f"{c} {name}" for c, name in names.items()],
        "images.txt": [f"{i} {names[c]}/{i}.jpg" for i, c, _ in rows],
        "image_class_labels.txt": [f"{i} {c}" for i, c, _ in rows],
        "train_test_split.txt": [f"{i} {t}" for i, _, t in rows],
    }
    for name, lines in tables.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    data = CUB200(str(tmp_path), size=SIDE, validation_fraction=0.1)
    assert data.spec.tasks == {"object": tuple(names.values())}
    assert {split: len(data.split(split)) for split in data.splits} == {"train": 9, "validation": 1, "test": 4}
    assert levels(data.split("test")) == [shade(i) for i in range(11, 15)]
    assert labels(data.split("test")) == [1, 0, 1, 0]
    (tmp_path / "images.txt").unlink()
    with pytest.raises(ValueError, match=r"(?s)images\.txt' isn't there.*images/CLASS/\*\.jpg"):
        CUB200(str(tmp_path)).split("train")


def test_flowers_102(tmp_path):
    for i in range(1, 9):
        write(tmp_path / "jpg" / f"image_{i:05d}.jpg", shade(i))
    savemat(tmp_path / "imagelabels.mat", {"labels": np.array([[1, 102, 3, 1, 102, 3, 1, 2]])})
    savemat(tmp_path / "setid.mat", {"trnid": [[8, 1, 2]], "valid": [[3]], "tstid": [[4, 5, 6, 7]]})
    data = Flowers102(str(tmp_path), size=SIDE)
    assert len(data.spec.tasks["object"]) == 102
    assert levels(data.split("train")) == [shade(1), shade(2), shade(8)]
    assert labels(data.split("train")) == [0, 101, 1]
    assert labels(data.split("validation")) == [2]
    assert labels(data.split("test")) == [0, 101, 2, 0]
    with pytest.raises(ValueError, match=r"setid\.mat' isn't there"):
        Flowers102(str(tmp_path / "jpg")).split("train")
