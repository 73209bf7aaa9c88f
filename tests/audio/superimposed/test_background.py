"""Data over the sounds of other data: tasks, splits, statistics, memory."""

import pytest
import torch

from audio.data import SoundData
from audio.superimposed.background import Background
from audio.superimposed.overlay import Superimposed
from audio.superimposed.planes import Composite, RedrawOverlay
from viewlearn.data import ArrayDataset
from viewlearn.views import pipeline

RATE = 8000
RANGE = (0.0, 10.0)


def noise(num, num_samples=RATE, seed=0, scale=3000.0):
    x = scale * torch.randn(num, 1, num_samples, generator=torch.Generator().manual_seed(seed))
    return x.clamp(-32768, 32767).to(torch.int16)


class Sounds(SoundData):
    """Noise whose label is its index modulo 3."""

    def __init__(self, task, seed, num=30, **kwargs):
        super().__init__(geometry="64x64_1s_8khz", **kwargs)
        self.task, self.seed, self.num = task, seed, num

    @property
    def tasks(self):
        return {self.task: ("a", "b", "c")}

    def source(self, split):
        x = noise(self.num, self.keep_samples, self.seed + len(split))
        return ArrayDataset(x, {self.task: torch.arange(self.num) % 3})


def over(background=None, task="a", seed=0, **kwargs):
    """Sounds over a background, another one for each test that gives it."""
    return Sounds(task, seed, overlay=Background(background or Sounds("b", 9)), **kwargs)


@pytest.mark.parametrize("planes", [False, True])
def test_data_of_two_sources(planes):
    data = over(Sounds("place", 50, keep_seconds=2.0), "digit", 0, planes=planes)
    assert data.spec.tasks == {"digit": ("a", "b", "c"), "place": ("a", "b", "c")}
    assert data.spec.shape == (1, 64, 64) and data.spec.num_train == 30
    z = data.front_end(data.decode(data.split("train").x))
    assert z.shape == (30, 1, 64, 64)
    assert z.mean() == pytest.approx(0, abs=1e-2) and z.std() == pytest.approx(1, abs=1e-2)
    assert data.split("train") is data.split("train")


def test_planes_make_the_same_spectrograms():
    plain, apart = (over(planes=planes, mean=0.0, std=1.0) for planes in (False, True))
    first, second = (d.front_end(d.decode(d.split("test").x)) for d in (plain, apart))
    torch.testing.assert_close(first, second, atol=0.3, rtol=0)  # dB: 16-bit rounding of two planes


def test_lazy_and_in_memory_are_the_same():
    memory, lazy = (over(memory_gb=size).split("test") for size in (1, 0))
    assert isinstance(lazy, Superimposed)
    assert all(torch.equal(memory[i][0], lazy[i][0]) and memory[i][1] == lazy[i][1] for i in range(30))


def test_without_a_view_both_views_hear_the_same_mixture(generator):
    data = over()
    views = pipeline(data.decode, data.front_end)
    x = data.split("train").x
    assert torch.equal(views(x, generator), views(x, generator))


def test_overlays_can_be_redrawn_before_the_front_end(generator):
    data = over(planes=True)
    views = pipeline(data.decode, data.front_end, RedrawOverlay())
    x = data.split("train").x
    assert views.like(x).shape == views(x, generator).shape == (30, 1, 64, 64)
    assert Composite().like(x).shape == (30, 1, RATE)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: over(Sounds("b", 1, sample_rate=16000)), "8000 Hz, their overlay 16000 Hz"),
        (lambda: over(Sounds("a", 1)).split("test"), "have a task 'a' already"),
        (lambda: over(Sounds("b", 1, num=0)).split("test"), "the overlay has no sounds in test"),
        (lambda: over(Sounds("b", 1)).split("dev"), "no split 'dev'"),
        (lambda: Background(Sounds("b", 1), (3.0, 1.0)), r"snr_db is \[3.0, 1.0\]"),
        (lambda: Sounds("a", 0, planes=True), "planes is True, but there is no overlay"),
        (lambda: Background(over(planes=True)), "data have planes=True"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
