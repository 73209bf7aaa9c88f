"""Sound data: recordings in folders, and published data sets."""

from audio.data.cache import Decoded, decode_files
from audio.data.catalog import Recording, assign_splits
from audio.data.digits import AudioMNIST, SpokenDigits
from audio.data.esc50 import ESC50
from audio.data.files import AudioError, find_audio, read_audio
from audio.data.folder import AudioFolder
from audio.data.recorded import Clips, RecordedData
from audio.data.sound_data import SoundData
from audio.data.speech import FluentSpeechCommands, LibriSpeech, SpeechCommands, VoxCeleb1

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
    "decode_files",
    "find_audio",
    "read_audio",
]
