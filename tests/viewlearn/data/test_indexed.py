import numpy as np
import pytest

from viewlearn.data.indexed import indexed_uniform


def splitmix64(state: int) -> int:
    """The reference, on Python's integers."""
    mask = (1 << 64) - 1
    z = state & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def test_equal_to_splitmix64():
    drawn = indexed_uniform(5, "train digit", np.array([0, 7]), 3)
    key = int(np.random.SeedSequence((5, *b"train digit")).generate_state(1, np.uint64)[0])
    for row, index in enumerate((0, 7)):
        for k in range(3):
            state = key + (index * 2**20 + k + 1) * 0x9E3779B97F4A7C15
            assert drawn[row, k] == (splitmix64(state) >> 11) * 2.0**-53


def test_a_row_depends_on_its_index_alone():
    whole = indexed_uniform(0, "a", np.arange(1000), 4)
    some = np.array([999, 3, 500])
    np.testing.assert_array_equal(indexed_uniform(0, "a", some, 4), whole[some])
    np.testing.assert_array_equal(indexed_uniform(0, "a", some, 2), whole[some, :2])


def test_uniform_and_independent_of_seed_stream_and_position():
    drawn = indexed_uniform(0, "a", np.arange(20000), 4)
    columns = [
        *drawn.T,
        indexed_uniform(1, "a", np.arange(20000), 1)[:, 0],
        indexed_uniform(0, "b", np.arange(20000), 1)[:, 0],
        drawn[:, 0].take(np.arange(20000) - 1),
    ]
    for column in columns:
        counts = np.histogram(column, bins=20, range=(0, 1))[0]
        assert ((counts - 1000) ** 2 / 1000).sum() < 50  # chi-square, 19 degrees of freedom: p < 2e-4 beyond
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert abs(correlation).max() < 0.03  # four standard deviations


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed is -1"):
        indexed_uniform(-1, "a", np.arange(2), 1)
