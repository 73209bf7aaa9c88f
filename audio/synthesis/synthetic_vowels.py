"""Synthetic vowels over synthetic backgrounds, as data: nothing to download."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import torch
from torch import Generator

from audio.data.files import to_int16
from audio.data.sound_data import SoundData
from audio.front_end import named_geometry
from audio.superimposed.overlay import Overlay
from audio.synthesis.backgrounds import BACKGROUNDS, background
from audio.synthesis.vowels import VOWELS, Speakers, vowels
from viewlearn.bounds import Bounds, DecibelRange, Positive, Seed, Value
from viewlearn.data import ArrayDataset, Split

LEVEL = 0.1  # root mean square of a clip, re full scale
SECONDS_PER_BACKGROUND = 6.0


class SyntheticVowels(SoundData):
    """Vowels by formant synthesis over backgrounds made by formula; tasks ``vowel`` (10) and ``background`` (6).

    Synthetic: no recording is in it, and what is found on it must be confirmed on recordings. Pitch, size of the
    vocal tract, breath, duration, glide and vibrato vary. Speakers and background recordings of the three splits are
    disjoint, and so are their mixtures; the same seed gives the same sounds.

    Args:
        num_train: Number of clips in the training split.
        num_test: Number of clips in the test split; the validation split has half as many.
        num_speakers: Number of speakers in the training split; each of the other splits has half as many, others.
        num_recordings: Number of recordings of each kind of background in the training split; each of the other
            splits has half as many, others.
        snr_db: Lowest and highest signal-to-noise ratio in dB, of vowel to background.
        seed: Seed of the sounds.
        overlay_seed: Seed of which vowel gets which background, and of its place and level.
        planes: Whether samples keep vowel and background apart, for the oracle ``RedrawOverlay``; the front end puts
            them together.
        geometry: Name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        mean: Mean of the log-mel values in dB; measured by default.
        std: Standard deviation of the log-mel values in dB; measured by default.

    Raises:
        ValueError: Fewer than 2 clips, speakers or recordings, and what ``SoundData`` raises.
    """

    def __init__(
        self,
        num_train: Annotated[int, Bounds(2, 1e9)] = 4000,
        num_test: Annotated[int, Bounds(2, 1e9)] = 1000,
        num_speakers: Annotated[int, Bounds(2, 1e6)] = 60,
        num_recordings: Annotated[int, Bounds(2, 1e6)] = 20,
        snr_db: DecibelRange = (0.0, 10.0),
        seed: Seed = 0,
        overlay_seed: Seed = 0,
        planes: bool = False,
        geometry: str = "64x64_1s_8khz",
        mean: Value | None = None,
        std: Positive | None = None,
    ):
        numbers = {
            "num_train": num_train,
            "num_test": num_test,
            "num_speakers": num_speakers,
            "num_recordings": num_recordings,
        }
        clip = named_geometry(geometry)
        self._recipe = _Recipe(**numbers, seed=seed, num_samples=clip.num_samples, sample_rate=clip.sample_rate)
        super().__init__(
            geometry,
            overlay=_Backgrounds(self._recipe, snr_db),
            overlay_seed=overlay_seed,
            planes=planes,
            mean=mean,
            std=std,
        )

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"vowel": tuple(VOWELS)}

    def source(self, split: Split) -> ArrayDataset:
        return _make(self._recipe, split)[0]


@dataclass(frozen=True)
class _Recipe:
    """What the sounds of all splits are made from; see ``SyntheticVowels``."""

    num_train: int
    num_test: int
    num_speakers: int
    num_recordings: int
    seed: int
    num_samples: int
    sample_rate: int


class _Backgrounds(Overlay):
    """The backgrounds of a recipe."""

    def __init__(self, recipe: _Recipe, snr_db: DecibelRange):
        super().__init__(snr_db)
        self.recipe = recipe

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"background": tuple(BACKGROUNDS)}

    @property
    def sample_rate(self) -> int:
        return self.recipe.sample_rate

    def source(self, split: Split) -> ArrayDataset:
        return _make(self.recipe, split)[1]


@lru_cache(maxsize=1)  # vowels and backgrounds are asked for one after the other
def _make(recipe: _Recipe, split: Split) -> tuple[ArrayDataset, ArrayDataset]:
    """Vowels and backgrounds of a split, which one generator makes one after the other."""
    generator = Generator().manual_seed(len(SoundData.splits) * recipe.seed + SoundData.splits.index(split))
    return _make_vowels(recipe, split, generator), _make_backgrounds(recipe, split, generator)


def _make_vowels(recipe: _Recipe, split: Split, generator: Generator) -> ArrayDataset:
    num_clips = {"train": recipe.num_train, "validation": recipe.num_test // 2, "test": recipe.num_test}[split]
    speakers = Speakers.draw(recipe.num_speakers if split == "train" else max(1, recipe.num_speakers // 2), generator)
    label = torch.randint(len(VOWELS), (num_clips,), generator=generator)
    who = torch.randint(len(speakers.pitch), (num_clips,), generator=generator)
    rows = [
        to_int16(LEVEL * vowels(label[part], speakers[who[part]], recipe.num_samples, recipe.sample_rate, generator))
        for part in torch.arange(num_clips).split(256)
    ]
    return ArrayDataset(torch.cat(rows)[:, None], {"vowel": label})


def _make_backgrounds(recipe: _Recipe, split: Split, generator: Generator) -> ArrayDataset:
    count = recipe.num_recordings if split == "train" else max(1, recipe.num_recordings // 2)
    num_samples = max(recipe.num_samples, int(SECONDS_PER_BACKGROUND * recipe.sample_rate))
    label = torch.arange(len(BACKGROUNDS)).repeat_interleave(count)
    rows = [
        to_int16(LEVEL * background(tuple(BACKGROUNDS)[i], num_samples, recipe.sample_rate, generator))
        for i in label.tolist()
    ]
    return ArrayDataset(torch.stack(rows)[:, None], {"background": label})
