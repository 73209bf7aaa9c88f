"""Audio data: recordings in folders, published data sets, and synthetic vowels."""

from audio.datasets.cache import Decoded, decoded
from audio.datasets.catalog import Recording, assign_splits
from audio.datasets.files import AudioError, find_audio, read
from audio.datasets.folder import AudioFolder
from audio.datasets.local import ESC50, AudioMNIST, SpokenDigits
from audio.datasets.published import FluentSpeechCommands, LibriSpeech, SpeechCommands, VoxCeleb1
from audio.datasets.recorded import Clips, RecordedData
from audio.datasets.sound_data import SoundData

__all__ = [
    "ESC50",
    "AudioError",
    "AudioFolder",
    "AudioMNIST",
    "Clips",
    "Decoded",
    "FluentSpeechCommands",
    "LibriSpeech",
    "RecordedData",
    "Recording",
    "SoundData",
    "SpeechCommands",
    "SpokenDigits",
    "VoxCeleb1",
    "assign_splits",
    "decoded",
    "find_audio",
    "read",
]
