"""Time as a view: which frame of a window is seen, and whether all of it or a tracked region.

Frame Temporal Invariance is any method over ``Compose(decode, frame=PickFrame(), …)``: query and key each draw a frame,
and then views of their own, designed or learned. The Region Tracker's loss is MoCo on ``TrackWindows`` over ::

    Compose(decode, region=PickRegion(0.5), frame=PickFrame(), …),    shared="region"

Query and key of a sample are both the whole frame or both the tracked region. With probability ½ each, the expected
loss is ½ · frame term + ½ · region term, at the cost of one term, and both kinds of key join the queue, as in the
published figure (Purushwalkam & Gupta, NeurIPS 2020, figure 2), which computes both terms for every sample.
"""

from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction
from viewlearn.views import Chance, Params, View, draw


class PickFrame(View):
    """Picks one frame of each sample: ``(batch, frame, …)`` to ``(batch, …)``.

    Parameters: ``frame`` (batch,) int64. As the choice is a parameter, two views of a sample can be made to differ in
    their frame and nothing else, or to agree in it (``share(params, other, "frame")``).

    Args:
        among: "all" draws any frame, so that the gap of a pair is between 0 and the window's duration; "ends" draws
            the first or the last, so that the gap is the whole duration in half of the pairs and 0 in the others.

    Raises:
        ValueError: An unknown ``among``; (when called) x that is neither windows nor images.
    """

    def __init__(self, among: Literal["all", "ends"] = "all"):
        super().__init__()
        self.among = among

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        _check(x, 4, 5)
        num_frames = x.shape[1] if x.ndim == 5 else 1
        if self.among == "ends":
            return {"frame": draw.integers(x, 0, 2, generator) * (num_frames - 1)}
        return {"frame": draw.integers(x, 0, num_frames, generator)}

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        num_frames = x.shape[1] if x.ndim == 5 else 1
        if self.among == "ends":
            return {"frame": num_frames - 1 - params["frame"]}, 1 / 2 if num_frames > 1 else 0.0
        frame, chance = draw.other_integers(params["frame"], 0, num_frames, generator)
        return {"frame": frame}, chance

    def transform(self, x: Tensor, params: Params) -> Tensor:
        _check(x, 4, 5)
        return x if x.ndim == 4 else x[torch.arange(len(x), device=x.device), params["frame"]]

    def like(self, x: Tensor) -> Tensor:
        return x if x.ndim == 4 else x.new_empty(1).expand(len(x), *x.shape[2:])


class PickRegion(View):
    """Picks the whole frame or the tracked region: ``(batch, frame, 2, 3, height, width)`` loses its third dimension.

    Parameters: ``region`` (batch,) int64, 0 for the whole frame and 1 for the region. Comes before ``PickFrame``.
    Windows without regions and still images have nothing to pick from, and pass unchanged.

    Args:
        probability: Probability of the region; the published loss gives it half of the weight.

    Raises:
        ValueError: A probability outside [0, 1]; (when called) x of another shape.
    """

    def __init__(self, probability: Fraction = 0.5):
        super().__init__()
        self.probability = probability

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"region": draw.bernoulli(x, self.probability, generator).long()}

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        region, chance = draw.other_bernoulli(params["region"] == 1, self.probability)
        return {"region": region.long()}, chance

    def transform(self, x: Tensor, params: Params) -> Tensor:
        _check(x, 4, 6)
        return x if x.ndim < 6 else x[torch.arange(len(x), device=x.device), :, params["region"]]

    def like(self, x: Tensor) -> Tensor:
        return x if x.ndim < 6 else x.new_empty(1).expand(*x.shape[:2], *x.shape[3:])


def _check(x: Tensor, low: int, high: int) -> None:
    if not low <= x.ndim <= high or (x.ndim == 6 and x.shape[2] != 2):
        windows = {5: "(batch, frame, channel, height, width)", 6: "(batch, frame, 2, channel, height, width)"}[high]
        raise ValueError(f"x has shape {tuple(x.shape)}; it must be {windows}, or images (batch, channel, …)")
