"""One number of threads for torch and for what numpy, scipy and scikit-learn compute with."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from viewlearn.threads import bounded_threads, set_threads


@pytest.fixture(autouse=True)
def _as_before():
    with threadpool_limits():
        yield


def counts() -> list[int]:
    assert np.eye(2) @ np.eye(2) is not None  # so that numpy's is loaded
    found = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    assert found
    return found


def test_linear_algebra_takes_no_more_threads_than_torch():
    threadpool_limits(2)
    assert max(counts()) == 2
    assert set_threads(1) == 1
    assert set(counts()) == {1}


def test_within_a_block_alone():
    threadpool_limits(2)
    torch.set_num_threads(1)
    with bounded_threads():
        assert set(counts()) == {1}
    assert max(counts()) == 2
