"""Mixtures: the asked ratio, both labels, one mixture per index, and what the published code did instead."""

import pytest
import torch

from audio.data import SoundData
from audio.superimposed.sounds import RedrawBackground, SumLayers, SuperimposedDataset, SuperimposedSounds, place
from viewlearn.data import ArrayDataset
from viewlearn.views import pipeline

RATE = 8000


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

    def split(self, name):
        x = noise(self.num, self.keep_samples, self.seed + len(name))
        return ArrayDataset(x, {self.task: torch.arange(self.num) % 3})


def datasets(num=20, background_samples=RATE):
    return (
        ArrayDataset(noise(num), {"digit": torch.arange(num)}),
        ArrayDataset(noise(7, background_samples, 1), {"place": torch.arange(7)}),
    )


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
@pytest.mark.parametrize("background_samples", [RATE // 4, RATE, 3 * RATE])
def test_ratio_is_the_asked_one(snr_db, background_samples):
    mixed = SuperimposedDataset(*datasets(background_samples=background_samples), (snr_db, snr_db), layers=True)
    for i in range(len(mixed)):
        signal, background = mixed[i][0].double().square().mean(1)
        assert (10 * (signal / background).log10()).item() == pytest.approx(snr_db, abs=0.05)


def test_mixture_is_the_sum_of_its_layers_and_never_clips():
    foreground, background = datasets()
    foreground.x[3] = 30000
    apart, together = (SuperimposedDataset(foreground, background, layers=layers) for layers in (True, False))
    for i in range(20):
        torch.testing.assert_close(apart[i][0].sum(0, dtype=torch.int32), together[i][0][0].int(), atol=1, rtol=0)
        assert together[i][0].abs().max() <= 32767
    scale = apart[3][0][0, 0].item() / 30000
    assert scale < 1, "a loud mixture is turned down as a whole"


def test_both_labels_and_the_right_sounds():
    foreground, background = datasets()
    mixed = SuperimposedDataset(foreground, background, layers=True)
    for i in range(len(mixed)):
        x, labels = mixed[i]
        assert labels["digit"] == i
        for layer, source in ((x[0], foreground.x[i, 0]), (x[1], background.x[labels["place"], 0])):
            assert torch.cosine_similarity(layer.double(), source.double(), dim=0) > 0.999


def test_one_mixture_per_index_in_any_order_and_other_ones_for_another_seed():
    first, again, other = (SuperimposedDataset(*datasets(), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first[5][0], first[5][0])
    assert torch.equal(first[5][0], [again[9], again[5]][1][0])
    assert (first.partner != other.partner).any() and len(set(first.partner.tolist())) > 3
    longer = SuperimposedDataset(*datasets(num=40))
    assert torch.equal(torch.from_numpy(longer.partner[:20]), torch.from_numpy(first.partner))


def test_place_reaches_both_ends():
    x = torch.arange(1.0, 6.0)[None]
    assert {tuple(place(x, 3, p / 100)[0].tolist()) for p in range(100)} == {(1, 2, 3), (2, 3, 4), (3, 4, 5)}
    padded = {tuple(place(x, 7, p / 100)[0].tolist()) for p in range(100)}
    assert padded == {(0, 0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5, 0), (1, 2, 3, 4, 5, 0, 0)}


@pytest.mark.parametrize("layers", [False, True])
def test_data_of_two_sources(layers):
    data = SuperimposedSounds(Sounds("digit", 0), Sounds("place", 50, keep_seconds=2.0), layers=layers)
    assert data.spec.tasks == {"digit": ("a", "b", "c"), "place": ("a", "b", "c")}
    assert data.spec.shape == (1, 64, 64) and data.spec.num_train == 30
    z = data.front_end(data.decode(data.split("train").x))
    assert z.shape == (30, 1, 64, 64)
    assert z.mean() == pytest.approx(0, abs=1e-2) and z.std() == pytest.approx(1, abs=1e-2)
    assert data.split("train") is data.split("train")


def test_layers_make_the_same_spectrograms():
    plain, layered = (SuperimposedSounds(Sounds("a", 0), Sounds("b", 9), layers=k, mean=0.0, std=1.0) for k in (0, 1))
    first, second = (d.front_end(d.decode(d.split("test").x)) for d in (plain, layered))
    torch.testing.assert_close(first, second, atol=0.3, rtol=0)  # dB: 16-bit rounding of two layers


def test_lazy_and_in_memory_are_the_same():
    memory, lazy = (SuperimposedSounds(Sounds("a", 0), Sounds("b", 9), memory_gb=size).split("test") for size in (1, 0))
    assert isinstance(lazy, SuperimposedDataset)
    assert all(torch.equal(memory[i][0], lazy[i][0]) and memory[i][1] == lazy[i][1] for i in range(30))


def test_published_redraw_shares_the_background_in_a_third_of_pairs(generator):
    """Three kinds, drawn independently for both views; the foreground always stays."""
    kinds = torch.arange(600) % 3
    x = torch.stack([torch.arange(600.0)[:, None].expand(-1, 4), kinds[:, None].expand(-1, 4).float()], dim=1)
    first, second = RedrawBackground()(x, generator), RedrawBackground()(x, generator)
    assert torch.equal(first[:, 0], x[:, 0])
    shared = (first[:, 1, 0] == second[:, 1, 0]).float().mean()
    assert shared == pytest.approx(1 / 3, abs=0.06)
    with pytest.raises(ValueError, match="foreground and background apart, not 1 channel"):
        RedrawBackground()(x[:, :1])


def test_without_a_view_both_views_hear_the_same_mixture(generator):
    data = SuperimposedSounds(Sounds("a", 0), Sounds("b", 9))
    views = pipeline(data.decode, data.front_end)
    x = data.split("train").x
    assert torch.equal(views(x, generator), views(x, generator))


def test_layers_can_be_redrawn_before_the_front_end(generator):
    data = SuperimposedSounds(Sounds("a", 0), Sounds("b", 9), layers=True)
    views = pipeline(data.decode, data.front_end, RedrawBackground())
    x = data.split("train").x
    assert views.like(x).shape == views(x, generator).shape == (30, 1, 64, 64)
    assert SumLayers().like(x).shape == (30, 1, RATE)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: SuperimposedSounds(Sounds("a", 0), Sounds("b", 1, sample_rate=16000)),
            "8000 Hz, the background 16000",
        ),
        (lambda: SuperimposedSounds(Sounds("a", 0), Sounds("a", 1)).split("test"), "both have a task 'a'"),
        (lambda: SuperimposedSounds(Sounds("a", 0), Sounds("b", 1, num=0)).split("test"), "no backgrounds"),
        (lambda: SuperimposedSounds(Sounds("a", 0), Sounds("b", 1)).split("dev"), "no split 'dev'"),
        (lambda: SuperimposedDataset(*datasets(), (3.0, 1.0)), r"snr_db is \(3.0, 1.0\)"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
