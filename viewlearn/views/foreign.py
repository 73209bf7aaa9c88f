"""Random transforms of other libraries as views."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Width
from viewlearn.views import draw
from viewlearn.views.params import Params
from viewlearn.views.view import Stage, View

LARGEST_SEED = 2**63 - 1


class ForeignView(View):
    """A random transform of torchvision (v2), kornia, torch-audiomentations or one's own, as a view.

    ::

        v2 = torchvision.transforms.v2
        views = Compose(
            theirs=ForeignView(v2.Compose([v2.RandomResizedCrop(32), v2.ColorJitter(0.4, 0.4, 0.4)])),
            viewmaker=Viewmaker(channels=3),
        )

    Parameter: ``seed`` (batch,), one per sample. Each sample passes alone, as a batch of one ``(1, channel, …)``, while
    the global generators of torch, NumPy and Python are seeded with it; then they are put back. So each sample has
    draws of its own, though the transform may draw once a batch.

    *What holds* for a transform whose randomness comes from these generators, as that of the libraries above does: a
    view replays from its parameters, to the same bits on the same device; it doesn't depend on the batch around it; a
    run resumes to the same bits, and other processes draw other views; the factor of LooC is the whole transform.

    *What doesn't*: parameters have no meaning, so that no part of the transform can be held or varied alone, and two
    draws that do the same by chance (a flip of probability ½) count as different. On another device, or with another
    version of the library, the same seed may make another view. A transform with a generator of its own, or with state
    that it changes, replays nothing. Gradients are those that the transform has: with one that has none (through uint8
    or NumPy), learned views before it don't learn. Samples pass one after the other, which for tens of microseconds
    each is slower than the batched views of ``vision`` and ``audio``.

    Args:
        function: Transform of ``(1, channel, …)`` in natural units, images in [0, 1] and waveforms in [-1, 1].
        shape: Shape of a view, without the batch; that of the input by default.
        stage: Place in a run's pipeline: ``natural`` before the data's front end (waveforms), ``encoder`` behind it.

    Raises:
        ValueError: When called, a result that isn't a tensor, or of another shape.
    """

    def __init__(
        self,
        function: nn.Module | Callable[[Tensor], Tensor],
        shape: tuple[Width, ...] | None = None,
        stage: Stage = "encoder",
    ):
        super().__init__()
        if not callable(function):
            raise ValueError(f"function is a {type(function).__name__}, which can't be called")
        self.function = function
        self.shape = None if shape is None else tuple(shape)
        self.stage = stage

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"seed": draw.integers(x, 0, LARGEST_SEED, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        views = []
        for i, seed in enumerate(params["seed"].tolist()):
            row = x[i : i + 1]
            with seeded(seed, x.device):
                views.append(self._checked(self.function(row), row))
        return torch.cat(views) if views else self.like(x)

    def describe(self, resolved: Params) -> Tensor:
        """Refuses, since a seed says nothing of what was done.

        Raises:
            ValueError: Always.
        """
        name = getattr(self.function, "__name__", type(self.function).__name__)
        raise ValueError(f"{name} draws by itself, so that nobody knows what it did: a foreign view can't be described")

    def like(self, x: Tensor) -> Tensor:
        return x if self.shape is None else x.new_empty(1).expand(len(x), *self.shape)

    def _checked(self, view: Tensor, row: Tensor) -> Tensor:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        if not isinstance(view, Tensor):
            raise ValueError(f"{name} makes a {type(view).__name__} of a sample; it must make a tensor")
        shape = tuple(row.shape[1:]) if self.shape is None else self.shape
        if tuple(view.shape) not in ((1, *shape), shape):
            raise ValueError(
                f"{name} turns a sample of shape {tuple(row.shape)} into {tuple(view.shape)}; "
                f"expected (1, {', '.join(map(str, shape))}): say shape= if it is to change"
            )
        return view.reshape(1, *shape).to(row)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Within, the global generators of torch, NumPy and Python draw from a seed; afterwards they are as they were.

    Args:
        seed: Seed, 0 or more.
        device: Device whose own generator is seeded beside the CPU's.
    """
    numpys, pythons = np.random.get_state(), random.getstate()
    devices = [] if device.type == "cpu" else [device]
    try:
        with torch.random.fork_rng(devices, device_type="cuda" if device.type == "cpu" else device.type):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # NumPy's takes 32 bits
            random.seed(seed)
            yield
    finally:
        np.random.set_state(numpys)
        random.setstate(pythons)
