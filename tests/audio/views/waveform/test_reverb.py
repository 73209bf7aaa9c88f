"""Rooms, synthetic and recorded, against torchaudio's convolution and their own decay."""

import pytest
import soundfile
import torch
import torchaudio.functional as F

from audio import views
from audio.views import ImpulseResponse

RATE = 8000


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def folder(tmp_path):
    rng = torch.Generator().manual_seed(3)
    for name, length in (("long", 5000), ("short", 700)):
        sound = 0.1 * torch.randn(length, generator=rng)
        sound[40] = 0.9  # the strongest sample: where a room's direct sound would be
        soundfile.write(tmp_path / f"{name}.wav", sound.numpy(), RATE, subtype="FLOAT")
    return tmp_path


def test_reverberation_convolves_with_its_response(generator):
    x = noise(2, 1, 1500)
    view = views.Reverberation((0.05, 0.15), sample_rate=RATE)
    params = view.sample(x, generator)
    expected = F.fftconvolve(x, view.response(params)[:, None])[..., :1500]
    torch.testing.assert_close(view.transform(x, params), expected, rtol=0, atol=1e-5)


def test_rooms_decay_by_60_db_in_t60_and_keep_their_direct_ratio():
    view = views.Reverberation((0.2, 0.4), sample_rate=RATE)
    params = {"t60": torch.tensor([0.2, 0.4]), "direct_db": torch.tensor([0.0, 10.0]), "noise": torch.ones(2, 3200)}
    response = view.response(params)
    fall = 20 * (response[:, 1601] / response[:, 1]).log10()  # 1,600 samples are 0.2 s
    torch.testing.assert_close(fall, torch.tensor([-60.0, -30.0]), rtol=1e-3, atol=0)
    tail = response.clone()
    tail[:, 0] -= 1
    torch.testing.assert_close(-10 * tail.square().sum(1).log10(), params["direct_db"], rtol=0, atol=0.05)


def test_impulse_response_is_torchaudios_convolution(folder, generator):
    view = ImpulseResponse(str(folder), sample_rate=RATE)
    x = 0.1 * torch.randn(2, 1, 1500, generator=generator)
    y = view.transform(x, {"index": torch.tensor([1, 0])})
    for row, name, clip in zip(y, (view.names[1], view.names[0]), x, strict=True):
        response = torch.from_numpy(soundfile.read(folder / name, dtype="float32")[0])[40:]
        response = response / response.norm()
        torch.testing.assert_close(row, F.fftconvolve(clip, response[None])[:, :1500], atol=1e-5, rtol=0)
