"""LooC on sounds is the same code: waveform views before the front end and spectrogram views behind it are factors."""

import torch

from audio import FrequencyMask, Gain, LogMel, TimeShift
from viewlearn.data import Batch
from viewlearn.encoders import Backbone
from viewlearn.methods import LooC
from viewlearn.views import Compose, pipeline
from viewlearn.views.decode import ToFloat


def test_factors_on_both_sides_of_the_front_end(generator):
    views = Compose(gain=Gain(), shift=TimeShift(), mask=FrequencyMask())
    front_end = LogMel(sample_rate=8000, n_fft=256, hop_length=128, n_mels=32)
    waveforms = 0.1 * torch.randn(4, 1, 4000, generator=generator)
    steps = pipeline(ToFloat(), front_end, views)
    method = LooC(Backbone("resnet10w16", channels=1, size=(32, 32)), steps, "shift,mask", queue=16)
    loss, metrics = method(Batch(waveforms, {}, torch.arange(4)), generator)
    loss.backward()
    assert loss.isfinite()
    assert {"loss/all", "loss/shift", "loss/mask"} <= metrics.keys()
