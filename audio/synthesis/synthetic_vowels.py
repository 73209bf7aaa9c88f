"""Synthetic vowels over synthetic backgrounds, as data: nothing to download."""

import torch

from audio.data.files import to_int16
from audio.superimposed.sounds import SPLITS, Superimposed
from audio.synthesis.backgrounds import BACKGROUNDS, background
from audio.synthesis.vowels import VOWELS, Speakers, vowels
from viewlearn.data import ArrayDataset, Dataset, Split

LEVEL = 0.1  # root mean square of a clip, re full scale
SECONDS_PER_BACKGROUND = 6.0


class SyntheticVowels(Superimposed):
    """Vowels by formant synthesis over backgrounds made by formula; tasks ``vowel`` (10) and ``background`` (6).

    Synthetic: no recording is in it, and what is found on it must be confirmed on recordings. Pitch, size of the
    vocal tract, breath, duration, glide and vibrato vary. Speakers and background recordings of the three splits are
    disjoint, and so are their mixtures; the same seed gives the same sounds.

    Args:
        num_train: clips in the training split.
        num_test: clips in the test split; the validation split has half as many.
        num_speakers: that train; half as many, others, are heard in each of the other splits.
        num_recordings: of each kind of background that train; half as many, others, are in each of the other splits.
        snr_db: lowest and highest ratio of vowel to background in dB.
        seed: of the sounds.
        mix_seed: of the draws that pair and mix.
        layers: keeps vowel and background apart, for ``RedrawBackground``; the front end adds them.
        geometry: name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        mean: of the log-mel values in dB; measured by default.
        std: of the log-mel values in dB; measured by default.

    Raises:
        ValueError: fewer than 2 clips, speakers or recordings, and what ``SoundData`` raises.
    """

    def __init__(
        self,
        num_train: int = 4000,
        num_test: int = 1000,
        num_speakers: int = 60,
        num_recordings: int = 20,
        snr_db: tuple[float, float] = (0.0, 10.0),
        seed: int = 0,
        mix_seed: int = 0,
        layers: bool = False,
        geometry: str = "64x64_1s_8khz",
        mean: float | None = None,
        std: float | None = None,
    ):
        super().__init__(snr_db, mix_seed, layers, geometry=geometry, mean=mean, std=std)
        for name, value in (
            ("num_train", num_train),
            ("num_test", num_test),
            ("num_speakers", num_speakers),
            ("num_recordings", num_recordings),
        ):
            if value < 2:
                raise ValueError(f"{name} is {value}; it must be at least 2")
        self.seed = seed
        self.num_clips = {"train": num_train, "validation": num_test // 2, "test": num_test}
        self.num_speakers, self.num_recordings = num_speakers, num_recordings

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"vowel": tuple(VOWELS), "background": tuple(BACKGROUNDS)}

    def sources(self, name: Split) -> tuple[Dataset, Dataset]:
        generator = torch.Generator().manual_seed(len(SPLITS) * self.seed + SPLITS.index(name))
        return self._vowels(name, generator), self._backgrounds(name, generator)

    def _vowels(self, name: Split, generator: torch.Generator) -> ArrayDataset:
        share = 1 if name == "train" else 2
        speakers = Speakers.draw(max(1, self.num_speakers // share), generator)
        label = torch.randint(len(VOWELS), (self.num_clips[name],), generator=generator)
        who = torch.randint(len(speakers.pitch), (len(label),), generator=generator)
        rows = [
            to_int16(LEVEL * vowels(label[part], speakers[who[part]], self.keep_samples, self.sample_rate, generator))
            for part in torch.arange(len(label)).split(256)
        ]
        return ArrayDataset(torch.cat(rows)[:, None], {"vowel": label})

    def _backgrounds(self, name: Split, generator: torch.Generator) -> ArrayDataset:
        count = max(1, self.num_recordings // (1 if name == "train" else 2))
        length = max(self.keep_samples, int(SECONDS_PER_BACKGROUND * self.sample_rate))
        label = torch.arange(len(BACKGROUNDS)).repeat_interleave(count)
        rows = [
            to_int16(LEVEL * background(tuple(BACKGROUNDS)[i], length, self.sample_rate, generator))
            for i in label.tolist()
        ]
        return ArrayDataset(torch.stack(rows)[:, None], {"background": label})
