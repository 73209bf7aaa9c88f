"""Every audio view and data set can be given by its class name, and is bound to the data."""

import pytest
import soundfile
import torch
from jsonargparse import Namespace

import audio
import vision
from viewlearn.data import Data, DataSpec
from viewlearn.runs import make_parser
from viewlearn.runs.parser import bind
from viewlearn.views import View

SPEC = DataSpec((1, 32, 32), sample_rate=8000, num_samples=8000)
VIEWS = [name for name in audio.__all__ if issubclass(getattr(audio, name), View) and name != "LogMel"]
DATA = [name for name in audio.__all__ if issubclass(getattr(audio, name), Data)]


@pytest.fixture(scope="module")
def parser():
    return make_parser("test", {"encoder": {"class_path": "viewlearn.encoders.Backbone"}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds")
    soundfile.write(path / "x.wav", torch.linspace(-0.5, 0.5, 900).numpy(), 8000)
    return path


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_built_by_name(name, parser, folder):
    flags = ["--views.folder", str(folder)] if name in ("BackgroundNoise", "ImpulseResponse") else []
    config = parser.parse_args(["--data", "audio.SyntheticVowels", "--views", name, *flags])
    view = parser.instantiate(Namespace(views=bind(config.views, SPEC))).views
    assert type(view) is getattr(audio, name)
    shape = (2, 1, 32, 32) if view.stage == "encoder" else (2, 2 if name == "RedrawBackground" else 1, 8000)
    assert view(0.1 * torch.randn(shape)).isfinite().all()


@pytest.mark.parametrize("name", DATA)
def test_data_sets_are_known_by_name(name, parser):
    flags = [] if name in ("SyntheticVowels", "SuperimposedSounds") else ["--data.root", "somewhere"]
    if name == "SuperimposedSounds":
        flags = ["--data.foreground", "audio.SyntheticVowels", "--data.background", "AudioFolder"]
        flags += ["--data.background.root", "somewhere", "--data.background.keep_seconds", "3"]
    config = parser.parse_args(["--data", name, *flags])
    assert config.data.class_path.split(".")[-1] == name
    assert "geometry" in config.data.init_args or name == "SuperimposedSounds"


def test_no_name_is_both_an_image_and_an_audio_class():
    assert not set(audio.__all__) & set(vision.__all__)
