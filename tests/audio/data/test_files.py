"""Formats that are read, and bad files, which say their path and what was expected."""

import math
import os

import numpy as np
import pytest
import soundfile
import torch

from audio.data.files import AudioError, find_audio, read_audio, to_int16

RATE = 16000
FORMATS = [
    ("u8.wav", {"subtype": "PCM_U8"}, 1e-2),
    ("s16.wav", {"subtype": "PCM_16"}, 1e-4),
    ("s24.wav", {"subtype": "PCM_24"}, 1e-6),
    ("float.wav", {"subtype": "FLOAT"}, 1e-7),
    ("double.wav", {"subtype": "DOUBLE"}, 1e-7),
    ("s16.flac", {"subtype": "PCM_16"}, 1e-4),
    ("s24.flac", {"subtype": "PCM_24"}, 1e-6),
    ("vorbis.ogg", {"format": "OGG", "subtype": "VORBIS"}, 5e-2),
    ("layer3.mp3", {"format": "MP3", "subtype": "MPEG_LAYER_III"}, 5e-2),
    ("s16.aiff", {"subtype": "PCM_16"}, 1e-4),
]


def tone(channels, num_samples=RATE):
    time = np.arange(num_samples) / RATE
    return np.stack([0.5 * np.sin(2 * math.pi * 440 * (c + 1) * time) for c in range(channels)], axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name, how, error", FORMATS, ids=[f[0] for f in FORMATS])
def test_every_format_is_read(tmp_path, name, how, error, channels):
    path, x = tmp_path / name, tone(channels)
    soundfile.write(path, x, RATE, **how)
    y = read_audio(path)
    assert y.dtype == torch.float32 and y.shape[0] == channels
    assert abs(y.shape[1] - RATE) <= 1200, "lossy coders may pad"
    size = min(RATE, y.shape[1])
    assert np.abs(y.numpy()[:, 1000 : size - 1000] - x.T[:, 1000 : size - 1000]).max() < error


def test_reading_resamples(tmp_path):
    soundfile.write(tmp_path / "x.wav", tone(1), RATE)
    assert read_audio(tmp_path / "x.wav", 8000).shape == (1, 8000)


def test_finds_audio_below_a_folder_only(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/2.WAV", "a/b/1.flac", "notes.txt", ".hidden.wav"):
        (tmp_path / name).touch()
    assert [p.relative_to(tmp_path).as_posix() for p in find_audio(tmp_path)] == ["a/2.WAV", "a/b/1.flac"]


def test_folders_without_audio_and_missing_ones_are_said(tmp_path):
    with pytest.raises(ValueError, match="no audio below"):
        find_audio(tmp_path)
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        find_audio(tmp_path / "nowhere")


def bad_files(folder):
    soundfile.write(folder / "good.wav", tone(1), RATE, subtype="FLOAT")
    whole = (folder / "good.wav").read_bytes()
    (folder / "truncated.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "header.wav").write_bytes(whole[:20])
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("no audio")
    soundfile.write(folder / "none.wav", np.zeros((0, 1)), RATE)
    holes = tone(1)
    holes[7] = np.nan
    soundfile.write(folder / "nan.wav", holes, RATE, subtype="FLOAT")
    for suffix in ("flac", "aiff", "mp3"):
        soundfile.write(folder / f"whole.{suffix}", tone(1), RATE)
        whole = (folder / f"whole.{suffix}").read_bytes()
        (folder / f"truncated.{suffix}").write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "name, message",
    [
        ("truncated.wav", "truncated"),
        ("truncated.flac", "truncated|can't be decoded"),
        ("header.wav", "can't be decoded"),
        ("empty.wav", "can't be decoded"),
        ("text.wav", "can't be decoded"),
        ("none.wav", "is empty"),
        ("nan.wav", "1 of its samples are NaN"),
        ("truncated.aiff", "truncated"),
        ("truncated.mp3", "truncated"),
        ("missing.wav", "no such file"),
    ],
)
def test_bad_files_are_said_with_their_path(tmp_path, name, message):
    bad_files(tmp_path)
    with pytest.raises(AudioError, match=message) as error:
        read_audio(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)


@pytest.mark.parametrize("sample_rate", [None, 8000])
def test_what_overshoots_is_made_softer_and_never_clipped(tmp_path, sample_rate):
    soundfile.write(tmp_path / "soft.wav", tone(1), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "loud.wav", 3.6 * tone(1), RATE, subtype="FLOAT")
    soft, loud = (read_audio(tmp_path / name, sample_rate) for name in ("soft.wav", "loud.wav"))
    assert loud.abs().max() == 1
    torch.testing.assert_close(loud, soft / soft.abs().max(), rtol=1e-5, atol=1e-6)


def test_a_square_wave_overshoots_when_it_is_resampled(tmp_path):
    soundfile.write(tmp_path / "square.wav", np.sign(tone(1)), RATE, subtype="FLOAT")
    assert read_audio(tmp_path / "square.wav", 44100).abs().max() == 1


def test_samples_in_another_unit_are_refused(tmp_path):
    """As scipy.io.wavfile writes 16-bit integers that were turned into floats."""
    soundfile.write(tmp_path / "x.wav", 32768 * tone(1), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"x\.wav: has samples up to 1\.638e\+04; expected numbers in \[-1, 1\]"):
        read_audio(tmp_path / "x.wav")


@pytest.mark.parametrize("rate", [1, 10_000_000])
def test_impossible_sample_rates_are_said(tmp_path, rate):
    soundfile.write(tmp_path / "x.wav", tone(1), RATE)
    content = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(content[:24] + rate.to_bytes(4, "little") + content[28:])
    with pytest.raises(AudioError, match=rf"x\.wav: has {rate} samples per second; expected 100 to 1,000,000"):
        read_audio(tmp_path / "x.wav", RATE)


def test_a_promise_of_too_many_samples_takes_no_memory(tmp_path):
    soundfile.write(tmp_path / "x.flac", tone(1), RATE)
    content = bytearray((tmp_path / "x.flac").read_bytes())
    content[22:26] = b"\xf0\0\0\0"  # the lower 32 of the 36 bits of FLAC's number of samples
    (tmp_path / "x.flac").write_bytes(content)
    with pytest.raises(AudioError, match=r"x\.flac: promises 4,026,531,840 samples; expected at most 1,073,741,824"):
        read_audio(tmp_path / "x.flac")


def test_a_pipe_is_no_audio(tmp_path):
    os.mkfifo(tmp_path / "x.wav")
    with pytest.raises(AudioError, match=r"x\.wav: is no regular file"):
        read_audio(tmp_path / "x.wav")


def test_wav_that_was_streamed_without_a_known_length_is_whole(tmp_path):
    soundfile.write(tmp_path / "x.wav", tone(1), RATE)
    content = (tmp_path / "x.wav").read_bytes()
    at = content.index(b"data") + 4
    (tmp_path / "x.wav").write_bytes(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :])
    assert read_audio(tmp_path / "x.wav").shape == (1, RATE)


def test_unexpected_sample_rates_are_said(tmp_path):
    soundfile.write(tmp_path / "x.wav", tone(1), RATE)
    with pytest.raises(AudioError, match="has 16000 samples per second; expected 8000"):
        read_audio(tmp_path / "x.wav", expected_rate=8000)


def test_sixteen_bits_round_and_saturate():
    x = torch.tensor([0.0, 0.5, -1.0, 1.0, 7.0, 1 / 65536 + 1e-6])
    assert to_int16(x).tolist() == [0, 16384, -32768, 32767, 32767, 1]
