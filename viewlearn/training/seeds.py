"""Seeds for each process and purpose, so that no two ranks and no two uses draw the same numbers."""

import zlib

import numpy as np


def seed_for(seed: int, rank: int, purpose: str) -> int:
    """Derives a 63-bit seed from all three; neighboring seeds and ranks give unrelated ones.

    Args:
        seed: Seed of the run, 0 or more.
        rank: Number of the process, from 0.
        purpose: What the numbers are drawn for, such as ``"views"``.

    Raises:
        ValueError: A negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    sequence = np.random.SeedSequence((seed, rank, zlib.crc32(purpose.encode())))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
