import pytest
import torch

from viewlearn.data import ArrayDataset, DeviceLoader, WorkerLoader, in_memory, make_loader, order

# Python 3.12 and later warn about forking workers from a process that has threads, as one with torch always has.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def array(num_samples: int = 23) -> ArrayDataset:
    x = torch.arange(num_samples * 12).reshape(num_samples, 3, 2, 2) % 251
    return ArrayDataset(x.to(torch.uint8), {"parity": torch.arange(num_samples) % 2})


class Lazy:
    """The same samples, not in memory."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


def equal(a, b) -> bool:
    return (
        torch.equal(a.x, b.x)
        and torch.equal(a.index, b.index)
        and a.labels.keys() == b.labels.keys()
        and all(torch.equal(a.labels[task], b.labels[task]) for task in a.labels)
    )


LOADERS = {
    "device": DeviceLoader,
    "here": lambda *args, **kwargs: WorkerLoader(*args, num_workers=0, **kwargs),
    "workers": lambda *args, **kwargs: WorkerLoader(*args, num_workers=2, **kwargs),
}
every_loader = pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS)


def test_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    first = order(0, 1, 1000)
    torch.rand(3)
    assert torch.equal(first, order(0, 1, 1000))
    assert torch.equal(first.sort().values, torch.arange(1000))
    for seed, epoch in [(0, 0), (1, 0), (1, 1), (0, 2)]:
        assert not torch.equal(first, order(seed, epoch, 1000))


@every_loader
def test_batches_are_the_order_cut_into_pieces(make):
    dataset = array()
    loader = make(dataset, 5, seed=3)
    batches = list(loader.epoch(2))
    expected = order(3, 2, 23)
    assert len(loader) == len(batches) == 4
    for number, batch in enumerate(batches):
        index = expected[number * 5 : (number + 1) * 5]
        assert torch.equal(batch.index, index)
        assert torch.equal(batch.x, dataset.x[index])
        assert torch.equal(batch.labels["parity"], index % 2)


@every_loader
def test_evaluation_reads_every_sample_once_in_its_order(make):
    loader = make(array(), 5, shuffle=False, drop_last=False)
    batches = list(loader.epoch())
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    assert torch.equal(torch.cat([batch.index for batch in batches]), torch.arange(23))


@every_loader
@pytest.mark.parametrize("drop_last", [True, False])
def test_ranks_together_read_what_one_process_reads(make, drop_last):
    whole = list(make(array(25), 12, seed=1, drop_last=drop_last).epoch(1))
    ranks = [
        list(make(array(25), 4, seed=1, rank=rank, world_size=3, drop_last=drop_last).epoch(1)) for rank in range(3)
    ]
    assert len(whole) == len(ranks[0]) == len(ranks[1]) == len(ranks[2]) == (2 if drop_last else 3)
    for number, batch in enumerate(whole):
        parts = [rank[number] for rank in ranks]
        assert torch.equal(torch.cat([part.index for part in parts]), batch.index)
        assert torch.equal(torch.cat([part.x for part in parts]), batch.x)
        assert all(part.x.shape[1:] == (3, 2, 2) and "parity" in part.labels for part in parts)


@every_loader
def test_an_epoch_resumes_at_any_batch(make):
    loader = make(array(), 4, seed=5)
    whole = list(loader.epoch(7))
    for start in range(len(loader) + 1):
        rest = list(loader.epoch(7, start_batch=start))
        assert len(rest) == len(whole) - start
        assert all(equal(a, b) for a, b in zip(rest, whole[start:], strict=True))


@every_loader
def test_an_abandoned_epoch_leaves_no_trace(make):
    loader = make(array(), 4)
    expected = list(loader.epoch(1))
    next(iter(loader.epoch(0)))
    assert all(equal(a, b) for a, b in zip(loader.epoch(1), expected, strict=True))


@every_loader
def test_unlabeled_data(make):
    loader = make(ArrayDataset(torch.rand(8, 1, 5)), 4)
    assert all(batch.labels == {} and batch.x.shape == (4, 1, 5) for batch in loader.epoch())


@every_loader
def test_the_global_generator_is_untouched(make):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(make(array(), 4).epoch())
    assert torch.equal(before, torch.get_rng_state())


class Broken(Lazy):
    def __getitem__(self, index):
        if index == 7:
            raise ValueError("can't read 7.png: it is cut")
        return super().__getitem__(index)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_sample_that_cannot_be_read_is_one_line(num_workers):
    with pytest.raises(ValueError, match=r"^can't read 7\.png: it is cut$"):
        list(WorkerLoader(Broken(array()), 4, num_workers=num_workers).epoch())


def test_two_epochs_of_a_worker_loader_at_once_are_refused():
    loader = WorkerLoader(array(), 4, num_workers=0)
    first = loader.epoch(0)
    next(first)
    next(loader.epoch(1))
    with pytest.raises(RuntimeError, match="one at a time"):
        next(first)


@every_loader
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 1}, "batch_size is 1"),
        ({"batch_size": 0, "drop_last": False}, "batch_size is 0"),
        ({"batch_size": 24}, "at most 23 fit"),
        ({"batch_size": 12, "world_size": 2}, "at most 11 fit"),
        ({"batch_size": 4, "world_size": 2, "rank": 2}, "rank is 2"),
    ],
)
def test_bad_input(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(array(), **arguments)


def test_an_empty_data_set_and_a_start_outside_the_epoch_are_refused():
    with pytest.raises(ValueError, match="empty"):
        DeviceLoader(ArrayDataset(torch.zeros(0, 3)), 4)
    with pytest.raises(ValueError, match="start batch is 6"):
        list(DeviceLoader(array(), 4).epoch(0, start_batch=6))


def test_evaluation_takes_a_batch_larger_than_the_data_set():
    (batch,) = DeviceLoader(array(3), 10, shuffle=False, drop_last=False).epoch()
    assert len(batch) == 3


def test_make_loader_chooses_by_where_the_data_are():
    assert isinstance(make_loader(array(), 4), DeviceLoader)
    assert isinstance(make_loader(Lazy(array()), 4), WorkerLoader)
    assert isinstance(make_loader(array(), 4, load="workers", num_workers=0), WorkerLoader)
    read = make_loader(Lazy(array()), 4, load="device")
    assert all(equal(a, b) for a, b in zip(read.epoch(1), DeviceLoader(array(), 4).epoch(1), strict=True))
    with pytest.raises(ValueError, match="load is 'gpu'"):
        make_loader(array(), 4, load="gpu")


def test_in_memory_keeps_order_and_labels():
    read = in_memory(Lazy(array()))
    assert torch.equal(read.x, array().x)
    assert torch.equal(read.labels["parity"], array().labels["parity"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@every_loader
def test_batches_on_an_accelerator_are_those_of_the_cpu(make):
    expected = list(DeviceLoader(array(), 4, seed=2).epoch(1, start_batch=1))
    batches = list(make(array(), 4, seed=2, device="cuda").epoch(1, start_batch=1))
    assert all(batch.x.is_cuda and batch.index.is_cuda for batch in batches)
    assert all(equal(a.to("cpu"), b) for a, b in zip(batches, expected, strict=True))
