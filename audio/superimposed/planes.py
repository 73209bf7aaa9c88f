"""Sounds whose base and overlay are kept apart: adding them up, and the oracle that exchanges their overlays."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction
from viewlearn.views import Params, View, draw


class Composite(View):
    """Adds up base and overlay, ``(batch, 2, time)``, to mixtures ``(batch, 1, time)``; mixtures pass unchanged.

    It begins the front end of data with ``planes=True``, so that everything behind it sees ordinary sounds.
    """

    stage = "natural"

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x if x.shape[1] == 1 else x.sum(1, keepdim=True)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(len(x), 1, x.shape[-1])


class RedrawOverlay(View):
    """An oracle view that replaces a sound's overlay by another one with some probability; the base stays.

    With probability 1 it is what the code published with Feature Dropout (Tamkin et al., 2023) did: the two views of a
    pair drew their backgrounds independently, so that with three kinds they shared one in a third of the pairs, and
    the background was hardly a shared feature. The new overlay is that of a sample of the batch, itself included, at
    that overlay's level. Sounds must come with their overlay: build the data with ``planes=True``.

    Parameters: ``offset`` (batch,), where sample i takes from (i + offset) mod batch; ``redraw`` (batch,) booleans,
    which aren't drawn where ``probability`` is 1.

    Args:
        probability: Probability with which a sound's overlay is redrawn, in each view.

    Raises:
        ValueError: A probability outside [0, 1]; (when called) sounds without their overlay apart.
    """

    stage = "natural"

    def __init__(self, probability: Fraction = 1.0):
        super().__init__()
        self.probability = probability

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        offset = draw.integers(x, 0, len(x), generator)
        if self.probability == 1:
            return {"offset": offset, "redraw": torch.ones_like(offset, dtype=torch.bool)}
        return {"offset": offset, "redraw": draw.bernoulli(x, self.probability, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.shape[1] != 2:
            raise ValueError(
                f"sounds have {x.shape[1]} channel(s), so their overlay can't be redrawn: that takes the base and the "
                "overlay, which samples have if their data are built with planes=True"
            )
        donor = (torch.arange(len(x), device=x.device) + params["offset"]) % len(x)
        base, overlay = x.unbind(1)
        return torch.stack([base, torch.where(params["redraw"][:, None], overlay[donor], overlay)], dim=1)

    def describe(self, resolved: Params) -> Tensor:
        """Describes whether the overlay was redrawn."""
        return resolved["redraw"].float()[:, None]
