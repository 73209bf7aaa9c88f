"""Two processes with different data train as one with both, queues and banks included."""

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.encoders.synchronized import sees_own_batch, synchronize_norms
from viewlearn.methods import InstDisc, LooC, MoCo, SimCLR, Supervised
from viewlearn.methods.shuffle import encode_shuffled
from viewlearn.views import Compose, View

SIZE, STEPS = 4, 5
CPU = torch.device("cpu")


class Linear(Encoder):
    def __init__(self):
        super().__init__()
        self.num_features = 5
        self.layer = nn.Linear(6, 5)

    def forward(self, x):
        return self.layer(x).tanh()


class Fixed(View):
    """What is drawn depends on the sample, not on the process: the call's number and the sample's own value."""

    def sample(self, x, generator=None):
        draw = torch.rand((), generator=generator)
        return {"shift": draw.expand(len(x)).clone()}

    def transform(self, x, params):
        return x + params["shift"].unsqueeze(1) * x.roll(1, 1)


def make():
    views = Compose(a=Fixed(), b=Fixed())
    torch.manual_seed(0)
    moco = MoCo(Linear(), views, queue=20, momentum=0.9, dim=3)
    looc = LooC(Linear(), views, "a,b", queue=20, momentum=0.9, dim=3)
    in_batch = LooC(Linear(), views, "a", "batch", momentum=0.9, dim=3)
    instdisc = InstDisc(Linear(), views, num_negatives=0, dim=3, num_train=2 * SIZE * STEPS)
    return {"moco": moco, "looc": looc, "in_batch": in_batch, "instdisc": instdisc}


def train(rank, size):
    samples = torch.randn(STEPS, 2 * SIZE, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    index = torch.arange(2 * SIZE * STEPS).view(STEPS, 2 * SIZE)
    per_process = 2 * SIZE // size
    own = slice(rank * per_process, (rank + 1) * per_process)
    states = {}
    for name, method in make().items():
        method.double()
        generator = torch.Generator().manual_seed(2)
        prepared = DistributedDataParallel(method) if size > 1 else method
        optimizer = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=0.5)
        for x, i in zip(samples, index, strict=True):
            loss, _ = prepared(Batch(x[own], {}, i[own]), _synchronous(generator))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            method.update()
        states[name] = {key: value.clone() for key, value in method.state_dict().items()}
    return states


def _synchronous(generator):
    """A copy for one step, moved on by a fixed amount: shuffling draws from it in two processes only."""
    step = torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=generator)))
    return step


class Normed(Linear):
    """With BatchNorm behind the layer, and in maps of which each has two pixels."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(5, momentum=0.3)
        self.maps = nn.BatchNorm2d(3, momentum=None, affine=False)

    def forward(self, x):
        maps = self.maps(x.view(-1, 3, 1, 2)).flatten(1)
        return self.norm(self.layer(maps)).tanh()


def normed():
    """Every method, over an encoder with BatchNorm."""
    views = Compose(a=Fixed(), b=Fixed())
    torch.manual_seed(0)
    return {
        "simclr": SimCLR(Normed(), views, dim=3),
        "moco": MoCo(Normed(), views, queue=20, dim=3),
        "looc": LooC(Normed(), views, "a,b", queue=20, dim=3),
        "instdisc": InstDisc(Normed(), views, num_negatives=0, dim=3, num_train=24),
        "supervised": Supervised(Normed(), views, tasks={"kind": ("one", "two", "three")}),
    }


def gradients(rank, size, synchronize=True):
    """Gradients of a step on 12 different samples, in all, and the statistics behind it."""
    generator = torch.Generator().manual_seed(1)
    x, index = torch.randn(12, 6, generator=generator, dtype=torch.float64), torch.arange(12)
    own = slice(rank * 12 // size, (rank + 1) * 12 // size)
    found = {}
    for name, method in normed().items():
        method.double()
        if size > 1 and synchronize:
            synchronize_norms(method, CPU)
        prepared = DistributedDataParallel(method) if size > 1 else method
        batch = Batch(x[own], {"kind": index[own] % 3}, index[own])
        loss, _ = prepared(batch, torch.Generator().manual_seed(2))
        loss.backward()
        state = {key: value.double() for key, value in method.state_dict().items() if "maps" in key or "norm" in key}
        weights = {key: value.grad for key, value in method.named_parameters() if value.grad is not None}
        found[name] = {"weights": weights, "state": state}
    return found


def both_ways(rank, size):
    return {"synchronized": gradients(rank, size), "apart": gradients(rank, size, synchronize=False)}


@pytest.mark.parametrize("size", [2, 3])
def test_gradients_of_several_processes_are_those_of_one_with_batchnorm(in_processes, size):
    results, alone = in_processes(both_ways, size), gradients(0, 1)
    for result in results:
        for name, wanted in alone.items():
            assert wanted["weights"].keys() == result["synchronized"][name]["weights"].keys()
            for kind in ("weights", "state"):
                scale = max(value.abs().max().item() for value in wanted[kind].values())
                for key, value in wanted[kind].items():
                    found = result["synchronized"][name][kind][key]
                    # Supervised takes its cross-entropy in float32, where a third of it is rounded.
                    bound = (1e-6 if name == "supervised" else 1e-9) * scale
                    assert (found - value).abs().max() <= bound, (name, key)
            whole = torch.cat([value.flatten() for value in wanted["weights"].values()])
            apart = torch.cat([result["apart"][name]["weights"][key].flatten() for key in wanted["weights"]])
            assert (apart - whole).norm() > 0.05 * whole.norm(), "the test could not tell"


def test_synchronized_norms_are_plain_ones_in_one_process_and_in_evaluation(generator):
    x = torch.randn(8, 6, generator=generator)
    plain, synchronized = Normed(), Normed()
    synchronized.load_state_dict(plain.state_dict())
    synchronize_norms(synchronized, CPU)
    assert sees_own_batch(plain) and not sees_own_batch(synchronized)
    assert torch.equal(plain(x), synchronized(x))
    assert torch.equal(plain.eval()(x), synchronized.eval()(x))
    plain.load_state_dict(synchronized.state_dict())
    torchs = Normed()
    synchronize_norms(torchs, torch.device("cuda"))  # where torch's own runs
    assert isinstance(torchs.norm, nn.SyncBatchNorm) and not sees_own_batch(torchs)
    torchs.load_state_dict(plain.state_dict())
    assert torch.equal(plain(x), torchs.eval()(x))


def test_a_batchnorm_of_another_class_stays_and_is_named():
    class WithActivation(nn.BatchNorm2d):
        def forward(self, input):
            return super().forward(input).relu()

    network = nn.Sequential(WithActivation(3))
    with pytest.warns(UserWarning, match="0, a WithActivation, still normalizes by the batch of its own process"):
        synchronize_norms(network, CPU)
    assert sees_own_batch(network)


def shuffle(rank, size):
    x = torch.arange(6.0).unsqueeze(1) + 100 * rank
    seen = []

    def encode(part):
        seen.append(part.clone())
        return 2 * part

    encoded = encode_shuffled(encode, x, torch.Generator().manual_seed(rank))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = encode_shuffled(lambda part: part * 1, x / 3, torch.Generator().manual_seed(rank))
    return {"x": x, "encoded": encoded, "seen": seen[0], "rounded": rounded}


def everything(rank, size):
    return {"states": train(rank, size), "shuffled": shuffle(rank, size)}


def shuffle_unevenly(rank, size):
    """Shares of three processes that don't divide the batch."""
    x = torch.arange(10.0).view(5, 2) + 100 * rank
    seen = []
    encoded = encode_shuffled(lambda part: seen.append(part.clone()) or -part, x, torch.Generator().manual_seed(rank))
    return {"x": x, "encoded": encoded, "seen": seen[0]}


def test_uneven_shares_come_back_to_their_places(in_processes):
    results = in_processes(shuffle_unevenly, 3)
    for result in results:
        assert torch.equal(result["encoded"], -result["x"])
        sources = (result["seen"][:, 0] // 100).long().bincount(minlength=3)
        assert sources.min() == 1 and sources.max() == 2
    seen = torch.cat([result["seen"] for result in results])
    assert torch.equal(seen.sort(0).values, torch.cat([result["x"] for result in results]))


def test_two_processes_equal_one(in_processes):
    results, alone = in_processes(everything, 2), train(0, 1)
    for result in results:
        for name, state in result["states"].items():
            for key, value in state.items():
                torch.testing.assert_close(value, alone[name][key], msg=lambda text, at=(name, key): f"{at}: {text}")
    check_shuffled([result["shuffled"] for result in results])


def check_shuffled(results):
    """Shuffled keys come back in order, and were encoded in mixed company, each once."""
    for result in results:
        torch.testing.assert_close(result["encoded"], 2 * result["x"])
        assert 0 < (result["seen"] >= 100).sum() < 6
        # They travel in the type that is computed in, and no more precisely; encoders get them in their own.
        assert torch.equal(result["rounded"], (result["x"] / 3).bfloat16().float())
    seen = torch.cat([result["seen"] for result in results])
    torch.testing.assert_close(seen.sort(0).values, torch.cat([result["x"] for result in results]))
