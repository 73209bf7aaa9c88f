"""The log-mel spectrogram against torchaudio and closed forms."""

import math

import pytest
import torch
import torchaudio.transforms as T
from casting import cuda_casting

from audio.front_end import LogMel, named_geometry


def noise(*shape, seed=0, dtype=torch.float32):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_is_torchaudios_mel_and_decibels():
    x = noise(3, 2, 4000, dtype=torch.float64) * torch.tensor([1.0, 0.1, 2.0])[:, None, None]
    mel = T.MelSpectrogram(8000, n_fft=512, hop_length=100, n_mels=40, norm="slaney", mel_scale="slaney").double()
    decibels = torch.stack([T.AmplitudeToDB("power", top_db=15.0)(mel(row)) for row in x])  # per clip
    ours = LogMel(8000, 512, 100, 40, top_db=15.0, mean=-20.0, std=8.0).double()
    torch.testing.assert_close(ours(x), (decibels + 20) / 8)
    fall = decibels.flatten(1).amax(1) - decibels.flatten(1).amin(1)
    torch.testing.assert_close(fall, torch.full((3,), 15.0, dtype=torch.float64))  # the range is in force


def test_blocks_of_a_batch_make_no_difference(monkeypatch):
    x, front = noise(7, 1, 4000, dtype=torch.float64), LogMel(8000, 512, 100, 40).double()
    whole = front(x)
    for size in (1, 3 * 41 * 512):
        monkeypatch.setattr("audio.front_end.log_mel.CHUNK", size)
        torch.testing.assert_close(front(x), whole)


@pytest.mark.parametrize("autocast", [lambda: torch.autocast("cpu", torch.bfloat16), cuda_casting])
def test_autocast_changes_nothing_so_that_training_sees_what_evaluation_sees(autocast):
    x, front = noise(2, 1, 4000), LogMel(8000, 512, 100, 40)
    with autocast():
        cast = front(x)
    assert torch.equal(cast, front(x))


def test_rising_tone_rises_along_mel_as_frames_advance():
    time = torch.arange(16000) / 16000
    chirp = 0.5 * torch.sin(2 * math.pi * (200 * time + 1500 * time.square()))  # 200 Hz to 3,200 Hz
    bands = named_geometry("64x64_1s").log_mel()(chirp[None, None])[0, 0].argmax(0)
    assert (bands[2:-2].diff() >= 0).all() and bands[-3] > bands[2] + 20


def test_gradients_reach_the_waveform_and_stay_finite_in_silence():
    x = noise(2, 1, 4000)
    x[0] = 0
    x.requires_grad_()
    LogMel(8000, 512, 100, 40)(x).square().mean().backward()
    assert x.grad.isfinite().all() and x.grad[1].norm() > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_mels": 0}, "n_mels is 0"),
        ({"std": 0.0}, "std is 0.0"),
        ({"f_max": 9000.0}, "bands from 0.0 to 9000.0 Hz"),
    ],
)
def test_mistakes_are_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        LogMel(**arguments)


def test_clips_shorter_than_a_window_are_said():
    with pytest.raises(ValueError, match="clips of 512 samples are too short for windows of 1024"):
        LogMel()(torch.zeros(1, 1, 512))
