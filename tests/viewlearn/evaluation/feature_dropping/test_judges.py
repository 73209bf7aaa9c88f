"""Judges' training and their cache, on images whose brightness is the label."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.evaluation.feature_dropping import JudgeSettings, cache, fit_judge, fit_judges, kept_judge
from viewlearn.evaluation.feature_dropping.fit import cycles, shifted
from viewlearn.evaluation.feature_dropping.judge import take_labeled

SMALL = JudgeSettings("resnet10w4", steps=4, batch_size=32)


class Bright(Data):
    """Flat images of four levels of gray; ``splits`` are those that have labels."""

    def __init__(self, seed: int = 0, splits: tuple[str, ...] = ("train", "validation", "test")):
        self.seed, self.splits = seed, splits

    @property
    def spec(self):
        return DataSpec((1, 16, 16), {"level": tuple("abcd")}, (0.35,), (0.27,), num_train=160)

    def split(self, name):
        generator = torch.Generator().manual_seed(self.seed + ("train", "validation", "test").index(name))
        y = torch.randint(4, (160,), generator=generator)
        x = (y * 60).to(torch.uint8)[:, None, None, None].expand(-1, 1, 16, 16).contiguous()
        return ArrayDataset(x, {"level": y} if name in self.splits else {})


@pytest.fixture
def fits(monkeypatch) -> list:
    """One entry for each judge that is trained."""
    trained = []

    def counted(*args, **hardware):
        trained.append(args)
        return fit_judge(*args, **hardware)

    monkeypatch.setattr(cache, "fit_judge", counted)
    return trained


def test_a_small_judge_has_seen_the_data_and_says_how_far_it_is(caplog):
    with caplog.at_level("INFO", "viewlearn"):
        judge = fit_judge(Bright(), "level", replace(SMALL, name="whitened4", steps=2))
    assert "training a judge of 'level': whitened4, 160 samples, at most 2 steps" in caplog.messages
    assert any(line.startswith("  after 1 steps: ") for line in caplog.messages)
    filters = judge.network[0].filters
    assert filters.shape == (8, 1, 2, 2)
    assert not torch.equal(filters[:4].flatten(1), torch.eye(4))


def test_a_judge_is_trained_once_and_comes_back_whole(tmp_path, fits, generator):
    first = kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    again = kept_judge(Bright(), "level", tmp_path, "bright", SMALL, mixed_precision="bf16")
    assert len(fits) == 1
    assert again.score == first.score
    x = torch.rand(5, 1, 16, 16, generator=generator)
    assert torch.equal(first(x), again(x))
    state = torch.get_rng_state()
    kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("change", ["key", "setting", "labels"])
def test_other_data_or_settings_have_other_judges(tmp_path, fits, change):
    kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    key = "dark" if change == "key" else "bright"
    settings = replace(SMALL, steps=5) if change == "setting" else SMALL
    kept_judge(Bright(seed=9 if change == "labels" else 0), "level", tmp_path, key, settings)
    assert len(fits) == 2
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_a_damaged_judge_is_made_anew(tmp_path, fits):
    kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-9])
    kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    kept_judge(Bright(), "level", tmp_path, "bright", SMALL)
    assert len(fits) == 2


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="can't be kept"):
        judges, _ = fit_judges(Bright(), settings=SMALL, cache=tmp_path / "file")
    assert set(judges) == {"level"}


def test_an_error_of_the_data_is_a_gap_with_a_cache_too(tmp_path):
    judges, gaps = fit_judges(Bright(splits=("train",)), settings=SMALL, cache=tmp_path)
    assert not judges
    assert "no labels in test" in gaps["level"]


def test_a_single_class_has_no_judge():
    class Single(Bright):
        @property
        def spec(self):
            return replace(super().spec, tasks={"level": ("a",)})

    judges, gaps = fit_judges(Single(), settings=SMALL)
    assert not judges and "single class" in gaps["level"]


def test_training_stops_when_a_cycle_gains_little(monkeypatch):
    import viewlearn.evaluation.feature_dropping.judge as module

    histories = []
    original = module.fit_in_cycles
    monkeypatch.setattr(module, "fit_in_cycles", lambda *a, **k: histories.append(original(*a, **k)))
    settings = replace(SMALL, steps=90, learning_rate=0.01)
    judge = fit_judge(Bright(), "level", settings)
    assert judge.score.accuracy == 1
    assert len(histories[0]) < 4  # perfect before the last cycle
    fit_judge(Bright(), "level", replace(settings, steps=7, min_gain=-1))
    assert len(histories[1]) == 3  # of 1, 2 and 4 steps; the first of four would be empty


@pytest.mark.parametrize("steps", [1, 2, 7, 15, 100, 2_400])
def test_cycles_double(steps):
    lengths = cycles(steps)
    assert sum(lengths) == steps
    assert 1 <= len(lengths) <= 4
    assert all(abs(2 * a - b) <= 2 for a, b in pairwise(lengths))


def test_without_validation_labels_a_part_of_train_is_held_out():
    judge = fit_judge(Bright(splits=("train", "test")), "level", SMALL)
    assert judge.score.num_train == 144
    x, _ = take_labeled(Bright().split("train"), "level", 500, torch.Generator())
    assert len(x) == 160


def test_shifts_against_a_loop(generator):
    x = torch.arange(2 * 3 * 5 * 6).reshape(2, 3, 5, 6)
    seen = set()
    for _ in range(30):
        for sample, moved in zip(x, shifted(x, 1, generator), strict=True):
            matches = [
                (dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if torch.equal(moved, _moved_by(sample, dy, dx))
            ]
            assert len(matches) == 1
            seen.add(matches[0])
    assert len(seen) == 9
    assert shifted(x, 0, generator) is x


def _moved_by(x, dy, dx):
    _, height, width = x.shape
    out = torch.empty_like(x)
    for i in range(height):
        for j in range(width):
            out[:, i, j] = x[:, min(max(i + dy, 0), height - 1), min(max(j + dx, 0), width - 1)]
    return out
