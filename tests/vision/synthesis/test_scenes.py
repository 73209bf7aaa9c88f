"""Composed scenes: the boxes are where the objects are; the three ways to pre-train."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from viewlearn.data import check_data
from viewlearn.evaluation import EvaluationPlan, evaluate
from vision.synthesis.scenes import SceneData, compose_scenes


def objects(num: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    levels = torch.arange(num, dtype=torch.uint8) * 20
    return levels.view(-1, 1, 1, 1).expand(-1, 3, 32, 32).contiguous(), torch.arange(num) % 10


def test_boxes_hold_exactly_their_objects():
    images, labels = objects()
    scenes = compose_scenes(images, labels, num_scenes=20, num_objects=4, size=100)
    assert scenes.images.shape == (20, 3, 100, 100)
    for image, boxes, of_scene in zip(scenes.images, scenes.boxes, scenes.labels, strict=True):
        for box, label in zip(boxes.int().tolist(), of_scene.tolist(), strict=True):
            left, top, right, bottom = box
            inside = image[:, top:bottom, left:right]
            assert inside.shape == (3, 32, 32)
            assert inside.unique().numel() == 1
            assert int(inside[0, 0, 0]) // 20 % 10 == label
    crops = scenes.crops(16)
    assert len(crops) == 80
    assert (crops.x.flatten(1).float().std(1) == 0).all()
    assert torch.equal(crops.labels["object"], scenes.labels.flatten())


def test_scenes_repeat_and_refuse_too_many_objects():
    images, labels = objects()
    one, other = (compose_scenes(images, labels, 3, seed=4) for _ in range(2))
    assert torch.equal(one.images, other.images)
    with pytest.raises(ValueError, match="9 cells of 32"):
        compose_scenes(images, labels, 3, num_objects=10)


@pytest.fixture
def cifar(tmp_path):
    for split, number in (("train", 12), ("test", 2)):
        for name in ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
            (tmp_path / split / name).mkdir(parents=True)
            for k in range(number):
                noise = np.random.default_rng(k).integers(0, 255, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(noise).save(tmp_path / split / name / f"{k:04d}.png")
    return tmp_path


@pytest.mark.parametrize("pretrain_on", ["objects", "scenes", "crops"])
def test_three_ways_to_pretrain_on_one_world(pretrain_on, cifar):
    data = SceneData(str(cifar), pretrain_on, num_train=30, num_labeled=40, limit=100, validation_fraction=1 / 6)
    assert data.pretraining().x.shape == (30, 3, 32, 32)
    assert data.pretraining().labels == {}
    assert data.spec.num_train == 30
    assert data.spec.tasks.keys() == {"object", "scene"}
    check_data(data)
    train = data.split("train")
    assert len(train) == 80
    assert len(train.labels["object"][:40].unique()) > 5
    assert train[0][1]["object"] >= 0 and train[0][1]["scene"] == -1
    assert train[40][1]["scene"] >= 0 and train[40][1]["object"] == -1
    results = evaluate(nn.Flatten(), data, EvaluationPlan(probes=("knn",), k=5))
    assert [(row.task, row.trained.num_train, row.trained.num_test) for row in results.rows] == [
        ("object", 40, 20),
        ("scene", 40, 20),
    ]


def test_a_scene_of_one_class_holds_objects_of_it_alone():
    images, labels = objects()
    scenes = compose_scenes(images, labels, 50, num_objects=4, one_class=True)
    assert (scenes.labels == scenes.labels[:, :1]).all()
    assert len(scenes.labels.unique()) > 5
    left, top, _, _ = scenes.boxes[7, 3].int().tolist()
    assert int(scenes.images[7, 0, top, left]) // 20 % 10 == scenes.labels[7, 3]
