"""Published data sets, from miniature copies of their layouts."""

import csv

import numpy as np
import pytest
import soundfile

from audio.data import (
    ESC50,
    AudioMNIST,
    FluentSpeechCommands,
    LibriSpeech,
    SpeechCommands,
    SpokenDigits,
    VoxCeleb1,
)

CACHE = "cache"


def write(path, rate=16000):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(rate // 4) / rate
    hz = 200 + sum(map(ord, path.stem)) % 500
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * time), rate)


def table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def librispeech(root):
    for speaker in (19, 26):
        for take in range(5):
            folder = root / "LibriSpeech" / "dev-clean" / str(speaker) / "7"
            write(folder / f"{speaker}-7-000{take}.flac")
        lines = "".join(f"{speaker}-7-000{take} WORDS\n" for take in range(5))
        (folder / f"{speaker}-7.trans.txt").write_text(lines, encoding="utf-8")
    return LibriSpeech(str(root), "dev-clean", cache=str(root / CACHE))


def speech_commands(root):
    folder = root / "SpeechCommands" / "speech_commands_v0.02"
    for word in ("yes", "no"):
        for speaker in ("a1", "b2", "c3"):
            write(folder / word / f"{speaker}_nohash_0.wav")
    (folder / "validation_list.txt").write_text("yes/b2_nohash_0.wav\nno/b2_nohash_0.wav\n", encoding="utf-8")
    (folder / "testing_list.txt").write_text("yes/c3_nohash_0.wav\nno/c3_nohash_0.wav\n", encoding="utf-8")
    return SpeechCommands(str(root), cache=str(root / CACHE))


def fluent(root):
    folder = root / "fluent_speech_commands_dataset"
    header = ["", "path", "speakerId", "transcription", "action", "object", "location"]
    for part in ("train", "valid", "test"):
        path = f"wavs/speakers/{part}1/{part}-x.wav"
        other = f"wavs/speakers/{part}1/{part}-y.wav"
        rows = [
            [0, path, f"{part}1", "on", "activate", "lights", "none"],
            [1, other, f"{part}1", "up", "raise", "heat", "hall"],
        ]
        table(folder / "data" / f"{part}_data.csv", [header, *rows])
        write(folder / path)
        write(folder / other)
    return FluentSpeechCommands(str(root), cache=str(root / CACHE))


def voxceleb(root):
    lines = []
    for speaker in ("id10001", "id10002"):
        for take, part in enumerate((1, 2, 3)):
            lines.append(f"{part} {speaker}/vid/0000{take}.wav")
            write(root / "wav" / speaker / "vid" / f"0000{take}.wav")
    (root / "iden_split.txt").write_text("\n".join(lines), encoding="utf-8")
    return VoxCeleb1(str(root), cache=str(root / CACHE))


def spoken_digits(root, **kwargs):
    for digit in range(3):
        for speaker in ("george", "theo"):
            for index in (0, 4, 5, 30):
                write(root / f"{digit}_{speaker}_{index}.wav", 8000)
    return SpokenDigits(str(root), cache=str(root / CACHE), **kwargs)


def audio_mnist(root):
    for speaker in ("01", "02", "03"):
        for digit in range(2):
            write(root / "data" / speaker / f"{digit}_{speaker}_0.wav", 48000)
    return AudioMNIST(str(root), num_test_speakers=1, cache=str(root / CACHE))


def esc50(root):
    rows = [["filename", "fold", "target", "category"]]
    for fold in range(1, 6):
        for target, category in enumerate(("dog", "rain")):
            rows.append([f"{fold}-{target}.wav", fold, target, category])
            write(root / "audio" / f"{fold}-{target}.wav", 44100)
    table(root / "meta" / "esc50.csv", rows)
    return ESC50(str(root), cache=str(root / CACHE))


CASES = {
    librispeech: ({"speaker": ("19", "26")}, (7, 1, 2)),
    speech_commands: ({"word": ("no", "yes")}, (2, 2, 2)),
    fluent: (
        {"action": ("activate", "raise"), "location": ("hall", "none"), "object": ("heat", "lights")},
        (2, 2, 2),
    ),
    voxceleb: ({"speaker": ("id10001", "id10002")}, (2, 2, 2)),
    spoken_digits: ({"digit": ("0", "1", "2"), "speaker": ("george", "theo")}, (11, 1, 12)),
    audio_mnist: ({"digit": ("0", "1")}, (3, 1, 2)),
    esc50: ({"category": ("dog", "rain")}, (7, 1, 2)),
}


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_splits_and_tasks(make, tmp_path):
    tasks, sizes = CASES[make]
    data = make(tmp_path)
    assert data.spec.tasks == tasks
    assert tuple(len(data.split(name)) for name in ("train", "validation", "test")) == sizes
    x, labels = data.split("test")[0]
    assert x.shape == (1, data.keep_samples) and x.abs().max() > 3000 and labels.keys() == tasks.keys()


def test_held_out_speakers_are_heard_in_test_only(tmp_path):
    data = spoken_digits(tmp_path, held_out_speakers=["theo"])
    assert data.spec.tasks == {"digit": ("0", "1", "2")}
    assert {r.split == "test" for r in data.recordings if "theo" in r.path.name} == {True}
    assert {r.split == "test" for r in data.recordings if "george" in r.path.name} == {False}


@pytest.mark.parametrize("cls", [LibriSpeech, SpeechCommands, FluentSpeechCommands, VoxCeleb1, SpokenDigits, ESC50])
def test_what_is_not_there_is_said(cls, tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)[-20:] if cls is not FluentSpeechCommands else "not found"):
        cls(str(tmp_path))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda root: spoken_digits(root, held_out_speakers=["zoe"]), "no speaker 'zoe'; there are: george, theo"),
        (
            lambda root: (write(root / "odd.wav"), spoken_digits(root)),
            "expected a name of the form DIGIT_SPEAKER_INDEX",
        ),
        (lambda root: (audio_mnist(root), AudioMNIST(str(root), num_test_speakers=3)), "num_test_speakers is 3 of 3"),
        (lambda root: ESC50(str(root), test_fold=6), "test_fold is 6"),
    ],
)
def test_mistakes_are_said(make, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make(tmp_path)
