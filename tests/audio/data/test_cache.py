"""The cache of decoded audio: filled once, never read half, and anew for a changed file."""

import json
import os

import numpy as np
import pytest
import torch

from audio.data import decode_files

RATE = 8000


def test_cache_is_read_and_not_decoded_again(folder, monkeypatch, make):
    make(folder).split("train")
    monkeypatch.setattr("audio.data.cache.read_audio", lambda *_: pytest.fail("decoded again"))
    make(folder).split("train")


def test_a_changed_file_is_decoded_anew(folder, write):
    paths = sorted(folder.glob("*.wav"))
    before = decode_files(paths, RATE, folder.parent / "c")
    write(paths[0], 0.7)
    after = decode_files(paths, RATE, folder.parent / "c")
    assert len(before[0]) == 4000 and len(after[0]) == 5600 and torch.equal(before[1], after[1])


def test_an_interrupted_cache_is_never_read(folder, monkeypatch):
    paths = sorted(folder.glob("*.wav"))
    with monkeypatch.context() as patch:
        patch.setattr(json, "dumps", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            decode_files(paths, RATE, folder.parent / "c")
    assert os.listdir(folder.parent / "c") == []
    assert len(decode_files(paths, RATE, folder.parent / "c").lengths) == 40


def test_cache_resamples_and_mixes_down(tmp_path, write):
    write(tmp_path / "x.wav", 1.0, 300.0, rate=44100, channels=2)
    sound = decode_files([tmp_path / "x.wav"], RATE, tmp_path / "c")[0]
    assert sound.shape == (RATE,) and np.abs(np.fft.rfft(sound.numpy())).argmax() == 300
