"""The cache of decoded audio: filled once, never read half, and anew for a changed file."""

import json
import os
from pathlib import Path

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
    assert all(name.endswith(".lock") for name in os.listdir(folder.parent / "c"))
    assert len(decode_files(paths, RATE, folder.parent / "c").lengths) == 40


def test_cache_resamples_and_mixes_down(tmp_path, write):
    write(tmp_path / "x.wav", 1.0, 300.0, rate=44100, channels=2)
    sound = decode_files([tmp_path / "x.wav"], RATE, tmp_path / "c")[0]
    assert sound.shape == (RATE,) and np.abs(np.fft.rfft(sound.numpy())).argmax() == 300


def cache_of(folder) -> Path:
    (path,) = (path for path in (folder.parent / "c").iterdir() if path.is_dir())
    return path


@pytest.mark.parametrize("name", ["samples.int16", "index.json"])
@pytest.mark.parametrize("damage", ["cut", "zeroed", "one bit", "missing"])
def test_a_damaged_cache_is_made_anew(folder, name, damage):
    paths = sorted(folder.glob("*.wav"))
    whole = decode_files(paths, RATE, folder.parent / "c")
    sounds = [whole[i] for i in range(len(paths))]
    path = cache_of(folder) / name
    content = path.read_bytes()
    path.unlink()  # the open one keeps what it has mapped
    if damage != "missing":
        middle = len(content) // 2
        changed = {
            "cut": content[:middle],
            "zeroed": bytes(len(content)),
            "one bit": content[:middle] + bytes([content[middle] ^ 128]) + content[middle + 1 :],
        }
        path.write_bytes(changed[damage])
    with pytest.warns(UserWarning, match="is damaged, and is made anew"):
        again = decode_files(paths, RATE, folder.parent / "c")
    assert all(torch.equal(again[i], sound) for i, sound in enumerate(sounds))
    decode_files(paths, RATE, folder.parent / "c")  # and is whole from now on


def test_damage_to_an_open_cache_is_noticed(folder):
    paths = sorted(folder.glob("*.wav"))
    sounds = decode_files(paths, RATE, folder.parent / "c")
    path = cache_of(folder) / "samples.int16"
    with path.open("r+b") as file:
        file.seek(20)
        file.write(b"\x7f\x7f")
    with pytest.raises(ValueError, match=r"samples\.int16: is damaged; remove .*, and it is made anew"):
        sounds[0]
    assert len(sounds[1]) == 4000
