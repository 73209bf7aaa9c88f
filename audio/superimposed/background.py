"""Sounds of one data set under those of another."""

from audio.data.sound_data import SoundData
from audio.superimposed.overlay import Overlay
from viewlearn.bounds import DecibelRange
from viewlearn.data import Dataset, Split


class Background(Overlay):
    """Any sound data as the overlay of others, with their tasks.

    Splits pair like with like, so that files of the background's test split are heard in no training mixture.

    Args:
        data: Data of the sounds that are mixed in; their ``keep_seconds`` is what they are cut from.
        snr_db: Lowest and highest signal-to-noise ratio in dB, of the sounds to the background.

    Raises:
        ValueError: Data that keep an overlay of their own apart, or a range whose low exceeds its high.
    """

    def __init__(self, data: SoundData, snr_db: DecibelRange = (0.0, 10.0)):
        super().__init__(snr_db)
        if data.planes:
            raise ValueError("the background's data have planes=True; only mixtures can lie under other sounds")
        self.data = data

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return self.data.all_tasks

    @property
    def sample_rate(self) -> int:
        return self.data.sample_rate

    @property
    def skipped(self) -> dict[str, str]:
        return self.data.skipped

    def source(self, split: Split) -> Dataset:
        return self.data.split(split)
