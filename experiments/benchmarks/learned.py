"""What learned views cost: a SimCLR step at 32 pixels with them, in units of the same step with SimCLR views alone."""

from collections.abc import Callable, Iterator

import torch
from accelerate import Accelerator

from benchmarks.measure import Speed, compare, fastest_device
from viewlearn.data import Batch
from viewlearn.encoders import WhitenedConvNet
from viewlearn.methods import SimCLR
from viewlearn.training.compute import step_flops
from viewlearn.training.players import make_optimizers, moves
from viewlearn.views import Compose, Identity, LearnedFilter, LearnedMask, LearnedWarp, Tilted, View, pipeline
from viewlearn.views.decode import ToFloat
from vision import SimCLRViews

SIZE = (32, 32)
COLORS = {"channels": 3}
# What is added to the designed views or put in their place, and the largest ratio of operations that is meant.
CASES: dict[str, tuple[Callable[[], Compose], float]] = {
    "LearnedMask": (lambda: Compose(designed=SimCLRViews(SIZE), learned=LearnedMask(**COLORS)), 1.4),
    "LearnedFilter": (lambda: Compose(designed=SimCLRViews(SIZE), learned=LearnedFilter(**COLORS)), 1.4),
    "LearnedWarp": (lambda: Compose(designed=SimCLRViews(SIZE), learned=LearnedWarp(**COLORS)), 1.4),
    "Tilted, network": (
        lambda: Compose(tilted=Tilted(SimCLRViews(SIZE), play="network", size=SIZE, **COLORS)),
        1.25,
    ),
    "Tilted, 4 candidates": (lambda: Compose(tilted=Tilted(SimCLRViews(SIZE))), 1.8),
}


def rows(quick: bool) -> Iterator[Speed]:
    batch_size = 32 if quick else 256
    steps = {name: _step(make(), batch_size) for name, (make, _) in CASES.items()}
    timings = compare({"designed": _step(_designed(), batch_size), **steps}, repeats=3 if quick else 9)
    least = _operations(_designed())
    for name, (make, most) in CASES.items():
        operations = _operations(make()) / least
        ratio = timings[name].median / timings["designed"].median
        yield Speed(
            "learned",
            f"{name}, {SIZE[0]} px, batch {batch_size}",
            str(timings[name]),
            f"SimCLR views {timings['designed']}",
            1 / ratio,
            f"≤ {most:g}",
            f"{operations:.2f} of the operations, which the target is for; {ratio:.2f} of the time",
        )


def _designed() -> Compose:
    return Compose(designed=SimCLRViews(SIZE))


def _method(views: View) -> SimCLR:
    torch.manual_seed(0)
    return SimCLR(WhitenedConvNet(channels=3, size=SIZE), pipeline(ToFloat(), Identity(), views), dim=64).train()


def _batch(size: int, device: torch.device) -> Batch:
    x = torch.randint(0, 256, (size, 3, *SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Batch(x.to(device), {}, torch.arange(size, device=device))


def _sgd(parameters) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.03)


def _operations(views: View) -> int:
    batch, generator = _batch(8, torch.device("cpu")), torch.Generator().manual_seed(0)
    return step_flops(_method(views), [batch], generator, Accelerator(cpu=True), _sgd, _sgd, "simultaneous")


def _step(views: View, batch_size: int) -> Callable[[], None]:
    device = fastest_device()
    method = _method(views).to(device)
    batch, generator = _batch(batch_size, device), torch.Generator(device).manual_seed(0)
    optimizers = make_optimizers(method, _sgd, _sgd)

    def step() -> None:
        for player in moves(method, "simultaneous"):
            loss, _ = method(batch, generator, player)
            loss.backward()
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        method.update()

    return step
