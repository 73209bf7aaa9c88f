"""Loaders of image sets, on tiny trees in the layouts of the real collections."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from viewlearn.evaluation.invariance import layout_of
from viewlearn.evaluation.probes import extract_features
from viewlearn.views.decode import ToFloat
from vision.files import read_square
from vision.image_sets import Entry, ImageSets, aloi, coco_boxes, coil100, got10k, pascal3d, sample_sets


def write(path, value: int = 0, size: tuple[int, int] = (12, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size[1], size[0], 3), value, np.uint8)).save(path)


def test_aloi(tmp_path):
    for thing in (1, 2, 10):
        for angle in (0, 5, 10, 100):
            write(tmp_path / str(thing) / f"{thing}_r{angle}.png", thing + angle)
    sets = aloi(tmp_path, size=4)
    assert len(sets) == 12
    assert [sets[i][1]["level"] for i in range(4)] == [0, 1, 2, 3]
    assert [int(sets[i][0][0, 0, 0]) for i in range(4)] == [1, 6, 11, 101]
    features = extract_features(torch.nn.Flatten(), sets, ToFloat())
    layout = layout_of(features.labels)
    assert layout.set_sizes.tolist() == [4, 4, 4]
    assert layout.num_classes == layout.num_sets == 3


def test_coil100(tmp_path):
    for thing in (1, 2):
        for angle in (0, 5, 355):
            write(tmp_path / f"obj{thing}__{angle}.png", angle % 256)
    sets = coil100(tmp_path, size=4)
    assert [labels["level"] for _, labels in (sets[i] for i in range(3))] == [0, 1, 71]
    assert sets.classes == ("obj1", "obj2")


def got_video(root, name: str, cover: list[int], class_name: str = "sea lion") -> None:
    (root / name).mkdir(parents=True)
    (root / name / "cover.label").write_text("\n".join(map(str, cover)) + "\n")
    (root / name / "groundtruth.txt").write_text("\n".join(f"{k}.0,1.0,4.0,5.0" for k in range(len(cover))) + "\n")
    (root / name / "meta_info.ini").write_text(f"[METAINFO]\nurl: x\nobject_class: {class_name}\n")
    for k in range(len(cover)):
        write(root / name / f"{k + 1:08d}.jpg", 10 * cover[k])


def test_got10k(tmp_path):
    got_video(tmp_path, "GOT-10k_Train_000001", [8, 8, 5, 2, 2, 8])
    got_video(tmp_path, "GOT-10k_Train_000002", [8, 7, 6, 5])  # not occluded enough
    got_video(tmp_path, "GOT-10k_Train_000003", [1, 3, 8], "car")
    sets = got10k(tmp_path, size=6)
    assert sets.classes == ("car", "sea_lion")
    assert [(entry.set_name[-1], entry.level) for entry in sets.entries] == [
        ("1", 2),
        ("1", 5),
        ("1", 8),
        ("3", 1),
        ("3", 3),
        ("3", 8),
    ]
    for entry in sets.entries:
        frame = int(entry.path.stem) - 1
        assert entry.box == (frame, 1, frame + 4, 6)
        assert abs(int(read_square(entry.path, 2)[0, 0, 0]) - 10 * entry.level) <= 2
    (tmp_path / "GOT-10k_Train_000003" / "cover.label").write_text("1\n2\n")
    with pytest.raises(ValueError, match="2 lines in"):
        got10k(tmp_path)


def annotation(path, objects: list[tuple[tuple[int, ...], float, float]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dtype = [("bbox", object), ("viewpoint", object)]
    things = np.empty((1, len(objects)), dtype=dtype)
    for k, (box, azimuth, elevation) in enumerate(objects):
        view = np.empty((1, 1), dtype=[("azimuth_coarse", object), ("elevation_coarse", object)])
        view[0, 0] = (np.array([[azimuth]]), np.array([[elevation]]))
        things[0, k] = (np.array([box], dtype=float), view)
    record = np.empty((1, 1), dtype=[("objects", object)])
    record[0, 0] = (things,)
    savemat(path, {"record": record})


def test_pascal3d(tmp_path):
    lists = tmp_path / "Image_sets"
    lists.mkdir()
    (lists / "car_imagenet_train.txt").write_text("n1\nn2\n")
    (lists / "car_imagenet_val.txt").write_text("n3\n")
    (lists / "car_pascal.txt").write_text("p1 0\np1 1\n")
    for name, azimuth in (("n1", 10), ("n2", 200), ("n3", 100)):
        write(tmp_path / "Images" / "car_imagenet" / f"{name}.JPEG")
        annotation(tmp_path / "Annotations" / "car_imagenet" / f"{name}.mat", [((0, 0, 5, 5), azimuth, 10)])
    write(tmp_path / "Images" / "car_pascal" / "p1.jpg")
    annotation(tmp_path / "Annotations" / "car_pascal" / "p1.mat", [((1, 1, 4, 4), 15, 12), ((2, 2, 9, 7), 15, 40)])
    same = pascal3d(tmp_path, "instance", size=4)
    # 10° and 200° are one bin modulo 180; the last box lies in another bin of elevation.
    assert [same[i][1]["set"] for i in range(5)] == [0, 0, 2, 0, 1]
    assert same.entries[3].path == same.entries[4].path
    assert same.entries[3].box != same.entries[4].box
    changing = pascal3d(tmp_path, "instance and viewpoint", size=4)
    assert [(entry.set_name, entry.level) for entry in changing.entries] == [
        ("00000", 0),
        ("00001", 0),
        ("00000", 3),
        ("00002", 0),
        ("00003", 0),
    ]
    with pytest.raises(ValueError, match="sets is 'viewpoint'"):
        pascal3d(tmp_path, "viewpoint")


def test_boxes_are_cropped_and_squeezed_to_squares(tmp_path):
    picture = np.zeros((10, 20, 3), np.uint8)
    picture[2:6, 4:16, 0] = 200
    Image.fromarray(picture).save(tmp_path / "a.png")
    square = read_square(tmp_path / "a.png", 6, (4, 2, 16, 6))
    assert square.dtype == torch.uint8
    assert square.shape == (3, 6, 6)
    assert (square[0] == 200).all()
    beyond = read_square(tmp_path / "a.png", 6, (-20, 0, 20, 10))
    assert (beyond[:, :, :3] == 0).all()


def test_whole_sets_are_sampled():
    entries = [Entry(None, f"class {s % 3}", f"set {s}", k) for s in range(9) for k in range(4)]
    some = sample_sets(ImageSets(entries), 5)
    assert len(some) == 20
    assert some.entries == sample_sets(ImageSets(entries), 5).entries


def test_coco_format(tmp_path):
    Image.fromarray(np.full((60, 80, 3), 99, np.uint8)).save(tmp_path / "1.png")
    content = {
        "images": [{"id": 7, "file_name": "1.png"}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 9, "name": "kite"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 9, "bbox": [5, 6, 40, 35]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 10, 50]},
            {"id": 3, "image_id": 7, "category_id": 3, "bbox": [0, 0, 50, 50], "iscrowd": 1},
            {"id": 4, "image_id": 7, "category_id": 3, "bbox": [20, 10, 50, 50], "iscrowd": 0},
        ],
    }
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(content))
    boxes = coco_boxes(file, tmp_path, size=8)
    assert [(entry.class_name, entry.box) for entry in boxes.entries] == [
        ("kite", (5, 6, 45, 41)),
        ("cat", (20, 10, 70, 60)),
    ]
    assert boxes[0][0].shape == (3, 8, 8)
    content["annotations"][0]["image_id"] = 8
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="annotation 1 is of an unknown image"):
        coco_boxes(file, tmp_path)
    file.write_text("{}")
    with pytest.raises(ValueError, match="no 'images'"):
        coco_boxes(file, tmp_path)


@pytest.mark.parametrize("load", [aloi, coil100, got10k, pascal3d])
def test_an_empty_folder_names_what_was_expected(load, tmp_path):
    with pytest.raises(ValueError, match="expected files like"):
        load(tmp_path)


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="broken"):
        read_square(tmp_path / "broken.png", 4)
