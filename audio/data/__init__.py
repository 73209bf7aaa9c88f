"""Sound data: recordings in folders, and published data sets."""

from audio.data.cache import Decoded, decode_files
from audio.data.catalog import Recording, assign_splits
from audio.data.files import AudioError, find_audio, read_audio
from audio.data.folder import AudioFolder
from audio.data.local import ESC50, AudioMNIST, SpokenDigits
from audio.data.published import FluentSpeechCommands, LibriSpeech, SpeechCommands, VoxCeleb1
from audio.data.recorded import Clips, RecordedData
from audio.data.sound_data import SoundData

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
