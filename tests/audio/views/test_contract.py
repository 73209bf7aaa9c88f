"""What every audio view promises, over all of them."""

import pytest
import soundfile
import torch
from casting import cuda_casting

from audio import presets, views
from audio.views.waveform import learned
from viewlearn.views import LearnedView, map_params, select

RATE = 8000
WAVEFORM = (4, 2, 2000)
SPECTROGRAM = (4, 1, 20, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds")
    rng = torch.Generator().manual_seed(5)
    for i, length in enumerate((900, 3000)):
        soundfile.write(path / f"{i}.wav", 0.1 * torch.randn(length, generator=rng).numpy(), RATE)
    return path


def viewmaker():
    torch.manual_seed(0)
    return views.WaveformViewmaker(channels=2, width=8)


def equalizer():
    torch.manual_seed(0)
    return views.LearnedEqualizer(channels=1, width=8)


def narrow(kind, **kwargs):
    torch.manual_seed(0)
    return kind(width=4, **kwargs)


WAVEFORM_VIEWS = {
    "gain": lambda folder: views.Gain(),
    "polarity": lambda folder: views.PolarityInversion(),
    "crop": lambda folder: views.RandomCrop(1200),
    "crop_pads": lambda folder: views.RandomCrop(2500),
    "segment": lambda folder: views.RandomSegment(),
    "mask": lambda folder: views.WaveformMask(),
    "white": lambda folder: views.WhiteNoise(),
    "colored": lambda folder: views.ColoredNoise(),
    "background": lambda folder: views.BackgroundNoise(folder, sample_rate=RATE),
    "shift": lambda folder: views.TimeShift(),
    "shift_silence": lambda folder: views.TimeShift(wrap=False),
    "stretch": lambda folder: views.TimeStretch(n_fft=256),
    "pitch": lambda folder: views.PitchShift(n_fft=256),
    "low_pass": lambda folder: views.LowPass(sample_rate=RATE),
    "high_pass": lambda folder: views.HighPass(sample_rate=RATE),
    "band_pass": lambda folder: views.BandPass(sample_rate=RATE),
    "reverberation": lambda folder: views.Reverberation(sample_rate=RATE),
    "impulse_response": lambda folder: views.ImpulseResponse(folder, sample_rate=RATE),
    "viewmaker": lambda folder: viewmaker(),
    "learned_mask": lambda folder: narrow(learned.LearnedWaveformMask, fill="noise"),
    "learned_warp": lambda folder: narrow(learned.LearnedWaveformWarp, budget=0.5, sample_rate=RATE),
    "learned_filter": lambda folder: narrow(learned.LearnedWaveformFilter, sample_rate=RATE),
    "waveform_preset": lambda folder: presets.WaveformViews(1500, RATE),
    "published_waveform_preset": lambda folder: presets.PublishedWaveformViews(),
}
SPECTROGRAM_VIEWS = {
    "frequency_mask": lambda folder: views.FrequencyMask(0.5, 2),
    "time_mask": lambda folder: views.TimeMask(0.5, 2, "silence"),
    "noise": lambda folder: views.SpectrogramNoise(),
    "mixup": lambda folder: views.LogMixup(),
    "spectrogram_crop": lambda folder: views.SpectrogramCrop(),
    "frequency_shift": lambda folder: views.FrequencyShift(0.3),
    "equalizer": lambda folder: equalizer(),
    "spectral_preset": lambda folder: presets.SpectralViews(),
    "byola_preset": lambda folder: presets.BYOLAViews(),
}
CASES = [(name, make, WAVEFORM) for name, make in WAVEFORM_VIEWS.items()]
CASES += [(name, make, SPECTROGRAM) for name, make in SPECTROGRAM_VIEWS.items()]
IDS = [name for name, *_ in CASES]


def leaves(params):
    for value in params.values():
        yield from leaves(value) if isinstance(value, dict) else [value]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=CASES, ids=IDS)
def case(request, folder):
    _, make, shape = request.param
    return make(folder), 0.2 * torch.randn(shape, generator=seeded(1))


def test_every_view_is_covered(folder):
    covered = {type(make(folder)).__name__ for _, make, _ in CASES}
    assert set(views.__all__) - {"ForeignSoundView"} <= covered  # which takes another library's: it has its own tests


def test_the_stage_says_what_a_view_acts_on(folder):
    assert all(make(folder).stage == "natural" for make in WAVEFORM_VIEWS.values())
    assert all(getattr(make(folder), "stage", "encoder") == "encoder" for make in SPECTROGRAM_VIEWS.values())


def test_shape_type_and_like(case):
    view, x = case
    y = view(x, seeded())
    assert y.shape == view.like(x).shape
    assert y.dtype == x.dtype == view.like(x).dtype
    assert y.isfinite().all()


def test_same_generator_state_same_view_and_another_state_another(case):
    view, x = case
    before = x.clone()
    first, again, other = view(x, seeded()), view(x, seeded()), view(x, seeded(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(x, before), "views must not write into their input"


def test_sampling_reads_no_values_and_no_global_random_numbers(case):
    view, x = case
    state = torch.get_rng_state()
    params = view.sample(x, seeded())
    blind = view.sample(torch.full_like(x, float("nan")), seeded())
    assert all(torch.equal(a, b) for a, b in zip(leaves(params), leaves(blind), strict=True))
    assert all(len(leaf) == len(x) for leaf in leaves(params))
    assert torch.equal(torch.get_rng_state(), state)


def test_samples_get_parameters_of_their_own(case):
    view, x = case
    params = view.sample(torch.empty(64, *x.shape[1:]), seeded())
    fixed = 0
    for leaf in leaves(params):
        fixed += len(leaf.flatten(1).unique(dim=0)) == 1 if leaf.ndim > 1 else len(leaf.unique()) == 1
    assert fixed < len(list(leaves(params)))


def test_rows_are_independent(case):
    view, x = case
    if isinstance(view, views.LogMixup | presets.BYOLAViews):
        pytest.skip("takes from other samples by design, by an index that is a parameter")
    view, x = view.double(), x.double()  # phases wrap: in float32, rounding may turn one by a whole circle
    params = map_params(lambda value: value.double() if value.is_floating_point() else value, view.sample(x, seeded()))
    whole = view.transform(x, params)
    for rows in (slice(0, 1), torch.tensor([3, 1])):
        torch.testing.assert_close(view.transform(x[rows], select(params, rows)), whole[rows])
    view.float()


def test_differentiable_in_the_input_also_where_it_is_silent(case):
    view, x = case
    x = x.clone()
    x[0] = 0.0
    x.requires_grad_()
    view(x, seeded()).square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad[1:].flatten(1).norm(dim=1) > 0).all()


def test_double_precision_agrees(case):
    view, x = case
    params = view.sample(x, seeded())
    double = view.double().transform(x.double(), params)
    view.float()
    assert double.dtype == torch.float64
    torch.testing.assert_close(view.transform(x, params).double(), double, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("autocast", [lambda: torch.autocast("cpu", torch.bfloat16), cuda_casting])
def test_autocast_changes_nothing_in_designed_views(case, autocast):
    view, x = case
    if isinstance(view, LearnedView):
        pytest.skip("a network may round")
    params = view.sample(x, seeded())
    with autocast():
        cast = view.transform(x, params)
    assert torch.equal(cast, view.transform(x, params))


def test_a_single_sample_and_a_single_channel(case):
    view, x = case
    if not isinstance(view, views.WaveformViewmaker):  # which is built for a number of channels
        x = x[:, :1]
    y = view(x[:1], seeded())
    assert y.shape[:2] == (1, x.shape[1]) and y.isfinite().all()
