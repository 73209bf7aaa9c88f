"""NT-Xent, forward and backward, beside lightly's: time and memory."""

from collections.abc import Callable, Iterator

import torch

from benchmarks.measure import Speed, compare, peak_memory
from viewlearn.losses import nt_xent

TEMPERATURE = 0.1


def rows(quick: bool) -> Iterator[Speed]:
    num_pairs = 1024 if quick else 8192
    z1, z2 = torch.randn(2, num_pairs, 128).unbind()
    what = f"nt_xent forward+backward, {num_pairs} × 128"
    ours = _step(z1, z2, lambda a, b: nt_xent(a, b, TEMPERATURE))
    try:
        from lightly.loss import NTXentLoss
    except ImportError:
        timing = compare({"ours": ours}, repeats=5, warmup=1)["ours"]
        yield Speed("losses", what, str(timing), "lightly isn't installed", None, "≥ 1.67")
        return
    lightly = _step(z1, z2, NTXentLoss(TEMPERATURE))
    timings = compare({"ours": ours, "lightly": lightly}, repeats=5, warmup=1)
    ratio = timings["lightly"].median / timings["ours"].median
    yield Speed("losses", what, str(timings["ours"]), f"lightly {timings['lightly']}", ratio, "≥ 1.67")
    memory, peer_memory = peak_memory(ours), peak_memory(lightly)
    yield Speed(
        "losses",
        f"{what}: extra memory",
        f"{memory / 2**20:.1f} MiB",
        f"lightly {peer_memory / 2**20:.0f} MiB",
        peer_memory / memory,
        "≥ 12",
    )


def _step(z1: torch.Tensor, z2: torch.Tensor, loss: Callable) -> Callable[[], None]:
    def step() -> None:
        a, b = z1.detach().requires_grad_(), z2.detach().requires_grad_()
        loss(a, b).backward()

    return step
