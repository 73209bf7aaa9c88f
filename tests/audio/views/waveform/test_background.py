"""Recorded backgrounds: the asked ratio, the right stretch of the right file."""

import pytest
import soundfile
import torch

from audio.views import BackgroundNoise

RATE = 8000


@pytest.fixture
def folder(tmp_path):
    rng = torch.Generator().manual_seed(3)
    for name, length in (("long", 5000), ("short", 700)):
        sound = 0.1 * torch.randn(length, generator=rng)
        sound[40] = 0.9  # the strongest sample: where a room's direct sound would be
        soundfile.write(tmp_path / f"{name}.wav", sound.numpy(), RATE, subtype="FLOAT")
    return tmp_path


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 15.0])
def test_backgrounds_have_the_ratio_that_was_drawn(folder, snr_db, generator):
    view = BackgroundNoise(str(folder), (snr_db, snr_db), sample_rate=RATE)
    x = 0.2 * torch.randn(6, 2, 2000, generator=generator)
    noise = view(x, generator) - x
    ratio = 10 * (x.square().mean((1, 2)) / noise.square().mean((1, 2))).log10()
    torch.testing.assert_close(ratio, torch.full((6,), snr_db), atol=0.05, rtol=0)


def test_background_is_the_stretch_its_parameters_say_and_short_files_repeat(folder):
    view = BackgroundNoise(str(folder), sample_rate=RATE)
    x = 0.1 * torch.ones(2, 1, 1500)
    params = {"file": torch.tensor([0, 1]), "position": torch.tensor([0.5, 0.25]), "snr_db": torch.zeros(2)}
    noise = (view.transform(x, params) - x)[:, 0]
    sounds = [torch.from_numpy(soundfile.read(folder / name, dtype="float32")[0]) for name in view.names]
    expected = sounds[0][2500:4000], sounds[1].repeat(4)[175:1675]
    for row, stretch in zip(noise, expected, strict=True):
        torch.testing.assert_close(row, stretch * row.norm() / stretch.norm(), atol=1e-4, rtol=0)
