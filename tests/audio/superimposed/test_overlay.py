"""Mixtures: the asked ratio, both labels, and one mixture per index."""

import pytest
import torch

from audio.superimposed.overlay import Superimposed, place
from viewlearn.data import ArrayDataset

RATE = 8000
RANGE = (0.0, 10.0)


def noise(num, num_samples=RATE, seed=0, scale=3000.0):
    x = scale * torch.randn(num, 1, num_samples, generator=torch.Generator().manual_seed(seed))
    return x.clamp(-32768, 32767).to(torch.int16)


def datasets(num=20, background_samples=RATE):
    return (
        ArrayDataset(noise(num), {"digit": torch.arange(num)}),
        ArrayDataset(noise(7, background_samples, 1), {"place": torch.arange(7)}),
    )


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
@pytest.mark.parametrize("background_samples", [RATE // 4, RATE, 3 * RATE])
def test_ratio_is_the_asked_one(snr_db, background_samples):
    mixed = Superimposed(*datasets(background_samples=background_samples), (snr_db, snr_db), "train", planes=True)
    for i in range(len(mixed)):
        signal, background = mixed[i][0].double().square().mean(1)
        assert (10 * (signal / background).log10()).item() == pytest.approx(snr_db, abs=0.05)


def test_mixture_is_the_sum_of_its_planes_and_never_clips():
    foreground, background = datasets()
    foreground.x[3] = 30000
    apart, together = (Superimposed(foreground, background, RANGE, "train", planes=planes) for planes in (True, False))
    for i in range(20):
        torch.testing.assert_close(apart[i][0].sum(0, dtype=torch.int32), together[i][0][0].int(), atol=1, rtol=0)
        assert together[i][0].abs().max() <= 32767
    scale = apart[3][0][0, 0].item() / 30000
    assert scale < 1, "a loud mixture is turned down as a whole"


def test_both_labels_and_the_right_sounds():
    foreground, background = datasets()
    mixed = Superimposed(foreground, background, RANGE, "train", planes=True)
    for i in range(len(mixed)):
        x, labels = mixed[i]
        assert labels["digit"] == i
        for plane, source in ((x[0], foreground.x[i, 0]), (x[1], background.x[labels["place"], 0])):
            assert torch.cosine_similarity(plane.double(), source.double(), dim=0) > 0.999


def test_one_mixture_per_index_in_any_order_and_other_ones_for_another_seed():
    first, again, other = (Superimposed(*datasets(), RANGE, "train", seed) for seed in (0, 0, 1))
    assert torch.equal(first[5][0], first[5][0])
    assert torch.equal(first[5][0], [again[9], again[5]][1][0])
    assert (first.partner != other.partner).any() and len(set(first.partner.tolist())) > 3
    longer = Superimposed(*datasets(num=40), RANGE, "train")
    assert torch.equal(torch.from_numpy(longer.partner[:20]), torch.from_numpy(first.partner))


def test_place_reaches_both_ends():
    x = torch.arange(1.0, 6.0)[None]
    assert {tuple(place(x, 3, p / 100)[0].tolist()) for p in range(100)} == {(1, 2, 3), (2, 3, 4), (3, 4, 5)}
    padded = {tuple(place(x, 7, p / 100)[0].tolist()) for p in range(100)}
    assert padded == {(0, 0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5, 0), (1, 2, 3, 4, 5, 0, 0)}
