import sys

import pytest
import torch

from viewlearn.evaluation.probes import nearest_neighbors


def test_neighbors_are_the_loops(generator, monkeypatch):
    x, queries = (torch.randn(n, 5, generator=generator, dtype=torch.float64) for n in (30, 7))
    cosine = torch.stack([torch.cosine_similarity(query[None], x) for query in queries])
    for similarities in (2**20, 60):
        monkeypatch.setattr(sys.modules["viewlearn.evaluation.probes.retrieval"], "SIMILARITIES", similarities)
        indices, found = nearest_neighbors(queries, x, 4)
        assert torch.equal(indices, cosine.argsort(dim=1, descending=True)[:, :4])
        torch.testing.assert_close(found, cosine.gather(1, indices))


def test_a_sample_is_its_own_neighbor_unless_excluded(generator):
    x = torch.randn(20, 5, generator=generator)
    chosen = torch.tensor([3, 11])
    assert nearest_neighbors(x[chosen], x, 1)[0][:, 0].tolist() == [3, 11]
    indices, _ = nearest_neighbors(x[chosen], x, 19, exclude=chosen)
    assert all(i not in row for i, row in zip(chosen.tolist(), indices.tolist(), strict=True))
    with pytest.raises(ValueError, match=r"k is 20; it must be in 1 … 19"):
        nearest_neighbors(x[chosen], x, 20, exclude=chosen)
