"""Every audio view and data set can be given by its class name, and is bound to the data."""

import pytest
import soundfile
import torch
from jsonargparse import Namespace

import audio
import vision
from viewlearn.data import Data, DataSpec
from viewlearn.runs import make_parser
from viewlearn.runs.binding import bind
from viewlearn.views import View

SPEC = DataSpec((1, 32, 32), sample_rate=8000, num_samples=8000)
VIEWS = [
    name
    for name in audio.__all__
    if issubclass(getattr(audio, name), View) and name not in ("LogMel", "ForeignSoundView")
]
DATA = [name for name in audio.__all__ if issubclass(getattr(audio, name), Data) and name != "SoundData"]


@pytest.fixture(scope="module")
def parser():
    return make_parser("test", {"encoder": {"class_path": "viewlearn.Backbone"}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds")
    soundfile.write(path / "x.wav", torch.linspace(-0.5, 0.5, 900).numpy(), 8000)
    return path


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_built_by_name(name, parser, folder):
    flags = ["--views.folder", str(folder)] if name in ("BackgroundNoise", "ImpulseResponse") else []
    given = f"audio.{name}" if name in vision.__all__ else name
    config = parser.parse(["--data", "audio.SyntheticVowels", "--views", given, *flags])
    view = parser.make(Namespace(views=bind(config.views, SPEC))).views
    assert type(view) is getattr(audio, name)
    shape = (2, 1, 32, 32) if view.stage == "encoder" else (2, 2 if name == "RedrawOverlay" else 1, 8000)
    assert view(0.1 * torch.randn(shape)).isfinite().all()


@pytest.mark.parametrize("name", DATA)
def test_data_sets_are_known_by_name(name, parser):
    flags = [] if name == "SyntheticVowels" else ["--data.root", "somewhere"]
    flags = ["--data.sounds", "audio.SyntheticVowels"] if name == "RandTone" else flags
    config = parser.parse(["--data", name, *flags])
    assert config.data.class_path.split(".")[-1] == name
    data = config.data.init_args.sounds if name == "RandTone" else config.data
    assert {"geometry", "planes", "overlay_seed"} <= set(data.init_args.keys())


def test_an_overlay_is_given_by_name(parser):
    flags = ["--data.root", "somewhere", "--data.overlay", "Background", "--data.overlay.snr_db", "[-3, 6]"]
    flags += ["--data.overlay.data", "AudioFolder", "--data.overlay.data.root", "elsewhere"]
    flags += ["--data.overlay.data.keep_seconds", "3", "--data.planes", "true"]
    config = parser.parse(["--data", "SpokenDigits", *flags])
    overlay = config.data.init_args.overlay
    assert overlay.class_path.split(".")[-1] == "Background" and overlay.init_args.snr_db == (-3, 6)
    assert overlay.init_args.data.init_args.root == "elsewhere" and config.data.init_args.planes


def test_a_name_that_is_both_an_image_and_a_sound_class_means_the_same_in_both():
    assert set(audio.__all__) & set(vision.__all__) == {"Overlay", "RedrawOverlay"}
