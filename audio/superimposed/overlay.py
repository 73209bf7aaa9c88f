"""Superimposed sounds: a sound and another one under it, each of which carries labels of its own."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from audio.data.files import to_int16
from audio.views.snr import mix
from viewlearn.bounds import Checked, DecibelRange
from viewlearn.data import Dataset, Split
from viewlearn.data.indexed import indexed_uniform
from viewlearn.views.checks import Range


class Overlay(Checked, ABC):
    """What is heard under sounds: one sound of ``source`` each, with the labels of ``tasks``.

    Args:
        snr_db: Lowest and highest signal-to-noise ratio in dB, of the sounds to the overlay.

    Raises:
        ValueError: A range whose low exceeds its high.
    """

    def __init__(self, snr_db: DecibelRange = (0.0, 10.0)):
        self.snr_db = snr_db

    @property
    @abstractmethod
    def tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names of the overlay's tasks."""

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """Sample rate of the sounds in Hz."""

    @abstractmethod
    def source(self, split: Split) -> Dataset:
        """The sounds that one of a split is drawn from, ``(1, any time)`` int16; splits share none."""

    @property
    def skipped(self) -> dict[str, str]:
        """Path and reason of each file that was skipped."""
        return {}


class Superimposed:
    """Each sound over another one that was drawn for its index: the same in every epoch and every view::

        y_i = (x_i + g_i·b_{j(i)}) / max(1, peak),   10·log10(P(x_i) / P(g_i·b_{j(i)})) = snr_i ~ U[low, high] dB

    Sound j(i) of the overlay is uniform over all of them; a longer one is cut at a random place, and a shorter one
    lies at a random place in silence. Powers are means over the whole clip.

    Args:
        dataset: Sounds ``(1, time)`` int16.
        overlay: Sounds ``(1, any time)`` int16 at the same sample rate.
        snr_db: Lowest and highest signal-to-noise ratio in dB.
        split: Split that the sounds belong to, which names the stream of the draws.
        seed: Seed of all draws, which depend on it, the split and each sample's index only.
        planes: Whether samples are ``(2, time)``, sound and scaled overlay apart, whose sum is the mixture.

    Raises:
        ValueError: An empty overlay, or a task that both have.
    """

    def __init__(
        self, dataset: Dataset, overlay: Dataset, snr_db: Range, split: Split, seed: int = 0, planes: bool = False
    ):
        if len(dataset):
            if not len(overlay):
                raise ValueError(f"the overlay has no sounds in {split}; give it more, or another fraction for {split}")
            shared = dataset[0][1].keys() & overlay[0][1].keys()
            if shared:
                raise ValueError(
                    f"the sounds have a task {shared.pop()!r} already, so the overlay's labels need another name"
                )
        drawn = indexed_uniform(seed, f"{split} mixture", np.arange(len(dataset)), 3)
        self.dataset, self.overlay, self.planes = dataset, overlay, planes
        self.partner = (drawn[:, 0] * len(overlay)).astype(np.int64)
        self.position = drawn[:, 1]
        self.snr_db = torch.from_numpy(snr_db[0] + (snr_db[1] - snr_db[0]) * drawn[:, 2]).float()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        x, labels = self.dataset[index]
        under, others = self.overlay[int(self.partner[index])]
        x, under = x / 32768, place(under / 32768, x.shape[-1], float(self.position[index]))
        mixture = mix(x[None], under[None], self.snr_db[index : index + 1])[0]
        peak = max(1.0, mixture.abs().amax().item())
        stored = torch.cat([x, mixture - x]) if self.planes else mixture
        return to_int16(stored / peak), {**labels, **others}


def superimpose(dataset: Dataset, overlay: Overlay, split: Split, seed: int = 0, planes: bool = False) -> Superimposed:
    """Lays ``overlay`` under the sounds of a split; see ``Superimposed``."""
    return Superimposed(dataset, overlay.source(split), overlay.snr_db, split, seed, planes)


def place(x: Tensor, num_samples: int, position: float) -> Tensor:
    """Cuts a window of ``num_samples`` out of ``(channel, time)`` at ``position`` in [0, 1), or puts zeros around x."""
    excess = x.shape[-1] - num_samples
    start = int(position * (abs(excess) + 1))
    if excess >= 0:
        return x.narrow(-1, start, num_samples)
    return torch.nn.functional.pad(x, (start, -excess - start))
