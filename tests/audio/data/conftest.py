"""A folder of tones whose names tell digit and speaker."""

import math

import numpy as np
import pytest
import soundfile

from audio.data import AudioFolder

RATE = 8000
SPEAKERS = ("ann", "bob", "cem", "dia", "eva")


@pytest.fixture
def write():
    """Writes a tone to a path."""

    def write(path, seconds=0.5, hz=440.0, rate=RATE, channels=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        time = np.arange(int(seconds * rate)) / rate
        soundfile.write(path, np.stack([0.3 * np.sin(2 * math.pi * hz * time)] * channels, axis=1), rate)

    return write


@pytest.fixture
def folder(tmp_path, write):
    for digit in range(2):
        for k, speaker in enumerate(SPEAKERS):
            for take in range(4):
                write(tmp_path / "sounds" / f"{digit}_{speaker}_{take}.wav", hz=200 + 100 * digit + 13 * k + take)
    return tmp_path / "sounds"


@pytest.fixture
def make():
    """Builds AudioFolder with a cache beside the folder."""

    def make(folder, **kwargs):
        defaults = {"geometry": "64x64_1s_8khz", "cache": str(folder.parent / "cache")}
        return AudioFolder(str(folder), **{**defaults, **kwargs})

    return make
