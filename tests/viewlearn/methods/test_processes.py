"""Two processes with different data train as one with both, queues and banks included."""

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.methods import InstDisc, LooC, MoCo
from viewlearn.methods.shuffle import encode_shuffled
from viewlearn.views import Compose, View

SIZE, STEPS = 4, 5


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


def shuffle(rank, size):
    x = torch.arange(6.0).unsqueeze(1) + 100 * rank
    seen = []

    def encode(part):
        seen.append(part.clone())
        return 2 * part

    encoded = encode_shuffled(encode, x, torch.Generator().manual_seed(rank))
    return {"x": x, "encoded": encoded, "seen": torch.cat(seen)}


def everything(rank, size):
    return {"states": train(rank, size), "shuffled": shuffle(rank, size)}


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
    seen = torch.cat([result["seen"] for result in results])
    torch.testing.assert_close(seen.sort(0).values, torch.cat([result["x"] for result in results]))
