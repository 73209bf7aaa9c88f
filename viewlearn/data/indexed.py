"""Random numbers that belong to a sample's index: the same in any subset, batch or order of reading."""

import numpy as np

STRIDE = 1 << 20  # most numbers that one index may draw


def indexed_uniform(seed: int, stream: str, index: np.ndarray, num: int) -> np.ndarray:
    """Draws ``(len(index), num)`` float64 values, uniform in [0, 1); row k depends on (seed, stream, index[k]) alone.

    Counter-based: the number of counter c is SplitMix64's output function of key + c · 0x9E3779B97F4A7C15 (Steele,
    Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), where the key is a hash of seed
    and stream.

    Args:
        seed: Seed, 0 or more.
        stream: Purpose of the numbers, such as ``"train digit"``; streams are independent.
        index: ``(n,)`` integers, 0 or more.
        num: Number of values per index, at most 2²⁰.

    Raises:
        ValueError: A negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    assert num <= STRIDE
    key = np.random.SeedSequence((seed, *stream.encode())).generate_state(1, np.uint64)
    counter = index.astype(np.uint64)[:, None] * np.uint64(STRIDE) + np.arange(1, num + 1, dtype=np.uint64)
    z = key + counter * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * 2.0**-53
