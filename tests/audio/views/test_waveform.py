"""Waveform views against torchaudio's functions with the same parameters, closed forms and loops."""

import math

import pytest
import torch
import torchaudio.functional as F
import torchaudio.transforms as T

from audio import views
from audio.snr import mix, power
from audio.views.common import fast_length
from audio.views.waveform.vocoder import phase_vocoder, speed

RATE = 8000


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tone(hz, num_samples=RATE, rate=RATE, dtype=torch.float32):
    return (0.3 * torch.sin(2 * math.pi * hz * torch.arange(num_samples, dtype=torch.float64) / rate)).to(dtype)


def test_gain_is_torchaudios():
    x, db = noise(3, 1, 100), torch.tensor([-12.0, 0.0, 6.5])
    expected = torch.stack([F.gain(row, g) for row, g in zip(x, db.tolist(), strict=True)])
    torch.testing.assert_close(views.Gain().transform(x, {"db": db}), expected, rtol=1e-5, atol=0)


def test_polarity():
    x = noise(2, 2, 10)
    y = views.PolarityInversion().transform(x, {"inverted": torch.tensor([True, False])})
    assert torch.equal(y, torch.stack([-x[0], x[1]]))


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


def test_silence_gets_no_noise_and_silent_noise_changes_nothing():
    x, n = noise(2, 1, 100), noise(2, 1, 100, seed=1)
    assert torch.equal(mix(torch.zeros_like(x), n, torch.zeros(2)), torch.zeros_like(x))
    assert torch.equal(mix(x, torch.zeros_like(n), torch.zeros(2)), x)


@pytest.mark.parametrize("view", [views.RandomSegment((0.1, 0.6)), views.WaveformMask((0.1, 0.6))])
def test_segments_cover_what_their_parameters_say(view, generator):
    x = torch.ones(50, 2, 40)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    assert params["length"].min() >= 4 and params["length"].max() <= 24
    for i in range(50):
        expected = torch.zeros(40)
        expected[params["start"][i] : params["start"][i] + params["length"][i]] = 1.0
        expected = expected if isinstance(view, views.RandomSegment) else 1 - expected
        assert torch.equal(y[i], expected.expand(2, 40))
    assert (params["start"] + params["length"]).max() <= 40


def test_crops_are_windows_of_the_clip_and_reach_both_ends(generator):
    x = torch.arange(10.0).expand(300, 1, 10)
    y = views.RandomCrop(4)(x, generator)
    assert (y.diff(dim=-1) == 1).all()
    assert y[:, 0, 0].unique().tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_short_clips_are_padded_at_a_random_place(generator):
    x = torch.arange(1.0, 5.0).expand(300, 1, 4)
    y = views.RandomCrop(7)(x, generator)
    rows = {tuple(row) for row in y[:, 0].tolist()}
    assert rows == {tuple([0.0] * k + [1.0, 2.0, 3.0, 4.0] + [0.0] * (3 - k)) for k in range(4)}


def test_shift_delays():
    x = torch.arange(1.0, 6.0).expand(3, 1, 5)
    shift = torch.tensor([2, 0, -1])
    wrapped = views.TimeShift().transform(x, {"shift": shift})[:, 0]
    silent = views.TimeShift(wrap=False).transform(x, {"shift": shift})[:, 0]
    assert wrapped.tolist() == [[4, 5, 1, 2, 3], [1, 2, 3, 4, 5], [2, 3, 4, 5, 1]]
    assert silent.tolist() == [[0, 0, 1, 2, 3], [1, 2, 3, 4, 5], [2, 3, 4, 5, 0]]


@pytest.mark.parametrize(
    "view, theirs, name",
    [
        (views.LowPass, F.lowpass_biquad, "cutoff_hz"),
        (views.HighPass, F.highpass_biquad, "cutoff_hz"),
        (views.BandPass, F.bandpass_biquad, "center_hz"),
    ],
)
@pytest.mark.parametrize("q", [0.3, 0.7071, 3.0])
def test_filters_are_torchaudios_biquads(view, theirs, name, q):
    x, hz = noise(3, 2, 3000, scale=0.03), torch.tensor([60.0, 700.0, 3500.0])
    y = view((60.0, 3600.0), q=q, sample_rate=RATE).transform(x, {name: hz})
    expected = torch.stack([theirs(row.double(), RATE, f, Q=q) for row, f in zip(x, hz.tolist(), strict=True)])
    torch.testing.assert_close(y.double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.3])
def test_phase_vocoder_is_torchaudios(rate):
    spectrum = torch.stft(noise(2, 3000).double(), 256, 64, window=torch.hann_window(256).double(), return_complex=True)
    expected = F.phase_vocoder(spectrum, rate, torch.linspace(0, math.pi * 64, 129).double()[:, None])
    ours = phase_vocoder(spectrum[:, None], torch.full((2,), rate, dtype=torch.float64), expected.shape[-1])[:, 0]
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-6)


def test_time_stretch_at_one_rate_per_sample_is_torchaudios():
    x, rate = noise(3, 1, 4000).double(), torch.tensor([0.8, 1.0, 1.25])
    y = views.TimeStretch(n_fft=256).transform(x, {"rate": rate})
    window = torch.hann_window(256).double()
    for i, r in enumerate(rate.tolist()):
        spectrum = torch.stft(x[i, 0], 256, 64, window=window, return_complex=True)
        stretched = T.TimeStretch(hop_length=64, n_freq=129)(spectrum[None].to(torch.complex128), r)[0]
        length = min(4000, (stretched.shape[-1] - 6) * 64)  # behind it, theirs reads the end reflected, ours silence
        expected = torch.istft(stretched, 256, 64, window=window)[:length]
        torch.testing.assert_close(y[i, 0, :length], expected, rtol=0, atol=1e-5)


def test_stretching_by_one_changes_nothing_and_keeps_pitch_otherwise():
    x = torch.stack([tone(440.0), tone(440.0)])[:, None]
    y = views.TimeStretch().transform(x, {"rate": torch.tensor([1.0, 1.2])})
    torch.testing.assert_close(y[0], x[0], rtol=0, atol=1e-5)
    middle = y[1, 0, 1000:5000]
    assert torch.fft.rfft(middle * torch.hann_window(4000)).abs().argmax() * RATE / 4000 == pytest.approx(440, abs=3)
    assert y[1, 0, int(RATE / 1.2) + 600 :].abs().max() < 1e-3, "the sound has ended earlier"


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.37])
def test_speed_reads_tones_at_their_new_pitch(rate):
    y = speed(tone(600.0)[None, None], torch.tensor([rate]), 5000)[0, 0]
    torch.testing.assert_close(y[50:-50], tone(600.0 * rate, 5000)[50:-50], rtol=0, atol=2e-3)


def test_speed_removes_what_would_alias():
    rate = torch.tensor([1.5])
    kept, lost = (speed(tone(hz)[None, None], rate, 5000)[0, 0, 100:-100] for hz in (2000.0, 3500.0))
    assert kept.square().mean() == pytest.approx(0.045, rel=0.02)
    assert lost.abs().max() < 2e-3


@pytest.mark.parametrize("semitones", [-4.0, 0.0, 7.0])
def test_pitch_shift_moves_a_tone_by_semitones_and_keeps_the_tempo(semitones):
    clicks = torch.zeros(RATE)
    clicks[[2000, 5000]] = 1.0
    x = torch.stack([tone(500.0), clicks])[:, None]
    y = views.PitchShift((-7.0, 7.0)).transform(x, {"semitones": torch.full((2,), semitones)})[:, 0]
    spectrum = torch.fft.rfft(y[0, 1000:7000] * torch.hann_window(6000)).abs()
    assert spectrum.argmax() * RATE / 6000 == pytest.approx(500 * 2 ** (semitones / 12), abs=3)
    envelope = y[1].abs().unfold(0, 400, 100).square().sum(1)
    first, second = envelope[:35].argmax() * 100 + 200, (envelope[35:].argmax() + 35) * 100 + 200
    assert abs(first - 2000) <= 350 and abs(second - 5000) <= 350


def test_pitch_shift_resembles_torchaudios():
    x = (tone(300.0, dtype=torch.float64) + tone(710.0, dtype=torch.float64))[None, None]
    ours = views.PitchShift((-4.0, 4.0)).transform(x, {"semitones": torch.tensor([4.0])})[0, 0, 1000:-1000]
    theirs = F.pitch_shift(x, RATE, 4)[0, 0, 1000:-1000]
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.99


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


def test_fast_lengths_are_5_smooth_even_and_minimal():
    def smooth(n):
        for p in (2, 3, 5):
            while n % p == 0:
                n //= p
        return n == 1

    for n in (1, 2, 7, 97, 1000, 16001, 160300):
        assert fast_length(n) == next(m for m in range(max(n, 2), 3 * n + 3) if m % 2 == 0 and smooth(m))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.Gain((3.0, -3.0)), r"db is \(3.0, -3.0\)"),
        (lambda: views.RandomSegment((0.5, 1.5)), "fraction is"),
        (lambda: views.PolarityInversion(1.2), "probability is 1.2"),
        (lambda: views.TimeShift(-0.1), "max_fraction is -0.1"),
        (lambda: views.LowPass((100.0, 4000.0), sample_rate=RATE), "half of the sample rate"),
        (lambda: views.LowPass(), "needs sample_rate"),
        (lambda: views.RandomCrop(), "needs num_samples"),
        (lambda: views.BandPass(q=0.0, sample_rate=RATE), "q is 0.0"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
