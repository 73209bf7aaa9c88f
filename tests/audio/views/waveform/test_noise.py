"""Noise at a ratio: torchaudio's function, the asked ratio, the asked color."""

import pytest
import torch
import torchaudio.functional as F

from audio import views
from audio.views.snr import power


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_add_noise_is_torchaudios_for_mono():
    x, n, snr = noise(4, 1, 500), noise(4, 1, 500, seed=1, scale=3.0), torch.tensor([-5.0, 0.0, 10.0, 30.0])
    y = views.WhiteNoise().transform(x, {"noise": n, "snr_db": snr})
    torch.testing.assert_close(y, F.add_noise(x, n, snr[:, None]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("view", [views.WhiteNoise(), views.ColoredNoise()], ids=["white", "colored"])
@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_noise_has_the_ratio_that_was_drawn(view, snr_db, generator):
    x = noise(3, 2, 4000) * torch.tensor([0.01, 1.0, 5.0])[:, None, None]
    params = {**view.sample(x, generator), "snr_db": torch.full((3,), snr_db)}
    added = view.transform(x.double(), params) - x.double()
    measured = 10 * (power(x.double()) / power(added)).log10()
    torch.testing.assert_close(measured.flatten(), torch.full((3,), snr_db).double(), atol=0.05, rtol=0)


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.0])
def test_colored_noise_falls_by_its_exponent(exponent, generator):
    view = views.ColoredNoise((0.0, 0.0), (exponent, exponent))
    x = noise(8, 1, 2**15)
    spectrum = torch.fft.rfft(view(x, generator) - x).abs().square().mean((0, 1))
    octaves = torch.stack([spectrum[2**k : 2 ** (k + 1)].mean() for k in range(8, 14)]).log2()
    assert -(octaves[-1] - octaves[0]) / 5 == pytest.approx(exponent, abs=0.1)
