import pytest
import torch
from torch.nn import functional as F

from viewlearn.methods.memory_bank import MemoryBank
from viewlearn.methods.queue import Queue


@pytest.mark.parametrize("size, batch", [(8, 4), (7, 3), (5, 5), (4, 6)])
def test_holds_the_newest_keys_after_any_number_of_pushes(size, batch, generator):
    queue, pushed = Queue(size, 3), []
    for _ in range(9):
        keys = torch.randn(batch, 3, generator=generator)
        queue.push(keys)
        pushed += list(F.normalize(keys, dim=1))
        held = {tuple(row.tolist()) for row in queue.keys.mul(1e4).round()}  # a norm's rounding isn't the subject
        newest = {tuple(row.mul(1e4).round().tolist()) for row in pushed[-size:]}
        assert newest <= held
        assert len(held) == size


def test_writes_in_place_and_only_the_oldest_rows(generator):
    queue = Queue(6, 2)
    memory, before = queue.keys.data_ptr(), queue.keys.clone()
    queue.push(torch.randn(4, 2, generator=generator))
    assert queue.keys.data_ptr() == memory
    assert torch.equal(queue.keys[4:], before[4:])
    queue.push(torch.ones(3, 2))
    torch.testing.assert_close(queue.keys[[4, 5, 0]], torch.full((3, 2), 0.5**0.5))
    assert queue.position.item() == 1


def test_starts_with_the_same_unit_vectors_everywhere():
    torch.manual_seed(1)
    first = Queue(5, 4).keys
    torch.manual_seed(2)
    assert torch.equal(first, Queue(5, 4).keys)
    torch.testing.assert_close(first.norm(dim=1), torch.ones(5))


def test_is_part_of_the_state(generator):
    queue, restored = Queue(5, 2), Queue(5, 2)
    queue.push(torch.randn(3, 2, generator=generator))
    restored.load_state_dict(queue.state_dict())
    for each in (queue, restored):
        each.push(torch.ones(3, 2))
    assert torch.equal(queue.keys, restored.keys)


def test_an_empty_queue_is_an_error():
    with pytest.raises(ValueError, match="size is 0"):
        Queue(0, 2)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_bank_takes_a_running_mean_of_the_rows_it_is_given(momentum, generator):
    bank = MemoryBank(6, 3, momentum)
    expected = bank.vectors.clone()
    for _ in range(4):
        index, z = torch.randperm(6, generator=generator)[:2], torch.randn(2, 3, generator=generator)
        bank.write(index, z)
        for i, row in zip(index, z, strict=True):
            mean = momentum * expected[i] + (1 - momentum) * row / row.norm()
            expected[i] = mean / mean.norm()
    torch.testing.assert_close(bank.vectors, expected)
