"""Features of a folder, by a run's encoder: rows and names belong together, and nothing is unpickled."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

import viewlearn
from viewlearn.embed import main
from viewlearn.runs import RunFolder, build_data, build_encoder, load_components, make_parser

ENCODER = ("--encoder", "Backbone", "--encoder.name", "resnet10w4")


@pytest.fixture
def run(tmp_path):
    """``run(*flags)`` makes the folder of a run as if it had ended, without training."""

    def make(*flags: str) -> Path:
        load_components()
        parser = make_parser()
        config = parser.parse([*flags, *ENCODER])
        data = build_data(parser, config)
        for name, value in data.resolved().items():
            config.data.init_args[name] = value
        folder = RunFolder(tmp_path / "run")
        folder.create(data.spec, {"config.yaml": parser.dump(config, skip_unset=False)})
        folder.save_encoder(build_encoder(parser, config, data.spec))
        folder.release()
        return folder.path

    return make


def test_a_folder_of_images(run, tmp_path, capsys):
    path = run("--data", "vision.PhotoDigits", "--data.num_train", "32", "--data.num_validation", "8")
    files, x = tmp_path / "files", []
    for i in range(3):
        (files / f"class {i % 2}").mkdir(parents=True, exist_ok=True)
        image = np.random.default_rng(i).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(image).save(files / f"class {i % 2}" / f"{i}.png")
        x.append(torch.from_numpy(image).permute(2, 0, 1) / 255)
    main([str(path), str(files), "--out", str(tmp_path / "some.npy"), "--device", "cpu", "--threads", "1"])
    assert "3 files, 32 features" in capsys.readouterr().out
    names = (tmp_path / "some.txt").read_text().splitlines()
    assert names == ["class 0/0.png", "class 0/2.png", "class 1/1.png"]
    with torch.no_grad():
        expected = viewlearn.load(path)(torch.stack([x[0], x[2], x[1]]))
    features = np.load(tmp_path / "some.npy", allow_pickle=False)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(SystemExit, match=r"isn't a \.npy file"):
        main([str(path), str(files), "--out", str(tmp_path / "some.csv")])
    with pytest.raises(SystemExit, match="there is no folder"):
        main([str(path), str(tmp_path / "nowhere"), "--out", str(tmp_path / "some.npy")])


def test_a_folder_of_sounds(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    vowels = ("--data", "audio.SyntheticVowels", "--data.num_train", "16")
    few = ("--data.num_test", "4", "--data.num_speakers", "4", "--data.num_recordings", "2")
    path = run(*vowels, *few)
    spec = json.loads((path / "data.json").read_text())
    files = tmp_path / "sounds"
    files.mkdir()
    for i in range(2):
        noise = np.random.default_rng(i).uniform(-0.5, 0.5, spec["num_samples"] // (i + 1))
        soundfile.write(files / f"{i}.wav", noise, spec["sample_rate"])
    main([str(path), str(files), "--out", str(tmp_path / "sounds.npy"), "--device", "cpu", "--threads", "1"])
    assert (tmp_path / "sounds.txt").read_text().split() == ["0.wav", "1.wav"]
    assert np.load(tmp_path / "sounds.npy", allow_pickle=False).shape == (2, 32)
    assert asdict(RunFolder(path).load_spec())["sample_rate"] == spec["sample_rate"]
