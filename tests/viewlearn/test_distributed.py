import pytest
import torch
import torch.distributed as dist

from viewlearn import distributed
from viewlearn.distributed import LostProcess, telling_of_lost_processes


def test_one_process_is_the_identity():
    x = torch.randn(3, 2)
    assert distributed.world_size() == 1
    assert distributed.rank() == 0
    assert distributed.gather(x) is x


def gather_weighted(rank, size):
    """A loss whose gradient with respect to another process's rows differs between the processes."""
    x = (torch.arange(4.0).view(2, 2) + 10 * rank).requires_grad_()
    gathered = distributed.gather(x)
    (gathered * (torch.arange(8.0).view(4, 2) * (rank + 1))).sum().backward()
    labels = distributed.gather(torch.tensor([rank, rank + 5]))
    return {"gathered": gathered.detach(), "gradient": x.grad, "labels": labels, "place": torch.tensor([rank, size])}


def test_gather_concatenates_in_rank_order_and_sums_gradients(in_processes):
    results = in_processes(gather_weighted, 2)
    everything = torch.cat([torch.arange(4.0).view(2, 2), torch.arange(4.0).view(2, 2) + 10])
    for rank, result in enumerate(results):
        torch.testing.assert_close(result["gathered"], everything)
        weights = torch.arange(8.0).view(4, 2)[2 * rank : 2 * rank + 2]
        torch.testing.assert_close(result["gradient"], weights * (1 + 2))
        assert result["labels"].tolist() == [0, 5, 1, 6]
        assert result["place"].tolist() == [rank, 2]


def test_a_lost_process_is_one_sentence():
    with pytest.raises(LostProcess, match="another process of this run has ended"), telling_of_lost_processes():
        raise RuntimeError("[third_party/gloo/gloo/transport/tcp/pair.cc:545] Connection closed by peer")
    with pytest.raises(LostProcess, match="has ended"), telling_of_lost_processes():
        raise dist.DistBackendError("NCCL error: remote process exited")
    for words in ("[gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 7000ms for recv", "gloo/: wait timeout"):
        with pytest.raises(LostProcess, match="hasn't answered for 7 s"), telling_of_lost_processes(7.0):
            raise RuntimeError(words)
    with pytest.raises(LostProcess, match="hasn't answered for 600 s"), telling_of_lost_processes():
        raise dist.DistStoreError("wait timeout after 600000ms")
    with pytest.raises(RuntimeError, match="shapes"), telling_of_lost_processes():
        raise RuntimeError("shapes don't match")
