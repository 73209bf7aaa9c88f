import matplotlib.image
import pytest
import torch

from viewlearn.plots import save_head_histograms, save_neighbors


def test_retrieval(tmp_path, generator):
    samples = torch.rand(20, 3, 8, 8, generator=generator)
    neighbors = {run: torch.randint(20, (3, 4), generator=generator) for run in ("MoCo", "LooC")}
    labels = torch.arange(20) % 2
    path = save_neighbors(
        tmp_path / "retrieval.png",
        samples[:3],
        samples,
        neighbors,
        query_labels=labels[:3],
        labels=labels,
        classes=("cat", "dog"),
        title="nearest neighbors",
    )
    assert matplotlib.image.imread(path).std() > 0.05
    with pytest.raises(ValueError, match="run 'LooC' has neighbors of 2 queries; there are 3"):
        save_neighbors(path, samples[:3], samples, {"LooC": neighbors["LooC"][:2]})
    with pytest.raises(ValueError, match="no runs"):
        save_neighbors(path, samples[:3], samples, {})


def test_head_histogram(tmp_path, generator):
    labels = torch.arange(60) % 4
    contributions = {head: i + torch.randn(60, generator=generator) for i, head in enumerate(("Z_all", "Z_color"))}
    for classes in (None, {0: "cat", 1: "dog", 2: "car", 3: "ship"}):
        path = save_head_histograms(tmp_path / "heads.png", contributions, labels, classes=classes, title="heads")
        assert matplotlib.image.imread(path).std() > 0.05
    with pytest.raises(ValueError, match="class 'bird' has no correct prediction"):
        save_head_histograms(path, contributions, labels, classes={9: "bird"})
    with pytest.raises(ValueError, match="classes need the labels"):
        save_head_histograms(path, contributions, classes={0: "cat"})
    with pytest.raises(ValueError, match="no contributions"):
        save_head_histograms(path, {"Z": torch.empty(0)})
