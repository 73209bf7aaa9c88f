import math

import pytest
import torch
from torch.nn import functional as F

from viewlearn.losses import info_nce, looc_loss


def embeddings(generator, n, batch=5, dim=4):
    query = torch.randn(n + 1, batch, dim, generator=generator, dtype=torch.float64).requires_grad_()
    keys = torch.randn(n + 1, n + 1, batch, dim, generator=generator, dtype=torch.float64).requires_grad_()
    return query, keys


def slow_looc(query, keys, negatives, temperature):
    """The equation, pair by pair: keys[i][j][b] is z_i of key k_j of sample b."""
    query, keys = F.normalize(query.detach(), dim=-1), F.normalize(keys.detach(), dim=-1)
    spaces, batch = query.shape[:2]

    def e(i, b, other):
        return math.exp(float(query[i, b] @ other) / temperature)

    losses = [0.0] * spaces
    for i in range(spaces):
        for b in range(batch):
            if negatives is None:
                others = sum(e(i, b, keys[i, i, c]) for c in range(batch) if c != b)
            else:
                others = sum(e(i, b, negative) for negative in negatives[i])
            same_instance = [0] if i == 0 else range(spaces)
            total = sum(e(i, b, keys[i, j, b]) for j in same_instance) + others
            losses[i] -= math.log(e(i, b, keys[i, i, b]) / total) / batch
    return losses


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("source", ["queue", "batch"])
@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_equals_a_slow_loop(n, source, temperature, generator):
    query, keys = embeddings(generator, n)
    negatives = None
    if source == "queue":
        negatives = F.normalize(torch.randn(n + 1, 7, 4, generator=generator, dtype=torch.float64), dim=-1)
    ours = looc_loss(query, keys, negatives, temperature)
    assert ours.shape == (n + 1,)
    assert ours.tolist() == pytest.approx(slow_looc(query, keys, negatives, temperature), rel=1e-10)


def test_space_zero_is_moco(generator):
    query, keys = embeddings(generator, 2)
    negatives = F.normalize(torch.randn(3, 9, 4, generator=generator, dtype=torch.float64), dim=-1)
    torch.testing.assert_close(
        looc_loss(query, keys, negatives, 0.2)[0], info_nce(query[0], keys[0, 0], negatives[0], 0.2)
    )


def test_equal_embeddings():
    """Space 0 chooses among its key and K others, the others among n + 1 keys and K others."""
    ones = torch.ones(3, 6, 2, dtype=torch.float64)
    losses = looc_loss(ones[:, :4], ones[:, :4].expand(3, 3, 4, 2), F.normalize(ones, dim=-1), 0.1)
    torch.testing.assert_close(losses, torch.tensor([7.0, 9.0, 9.0], dtype=torch.float64).log())


def test_gradcheck_and_the_keys_that_space_zero_does_not_read(generator):
    query, keys = embeddings(generator, 1, batch=3, dim=3)
    assert torch.autograd.gradcheck(lambda q, k: looc_loss(q, k, None, 0.5), (query, keys))
    looc_loss(query, keys, None, 0.5).sum().backward()
    assert not keys.grad[0, 1].any()
    assert keys.grad[1, 0].any()


def test_bad_shapes_are_named():
    q, k = torch.ones(2, 3, 4), torch.ones(2, 2, 3, 4)
    with pytest.raises(ValueError, match="2 spaces of queries, 1 of keys"):
        looc_loss(q, k[:1], None, 0.1)
    with pytest.raises(ValueError, match="1 of negatives"):
        looc_loss(q, k, [torch.ones(5, 4)], 0.1)
    with pytest.raises(ValueError, match=r"keys of space 1 .*\(2, \*\(3, 4\)\)"):
        looc_loss(q, [k[0], k[1, :1]], None, 0.1)
    with pytest.raises(ValueError, match="batch size is 1"):
        looc_loss(q[:, :1], k[:, :, :1], None, 0.1)
