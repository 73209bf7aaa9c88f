"""Goodfellow's measure: how much more often a unit fires around its favorite inputs than anywhere."""

import torch
from torch import Tensor

from viewlearn.evaluation.invariance.firing import check_rate, top_threshold
from viewlearn.evaluation.invariance.layout import SetLayout, sum_by
from viewlearn.evaluation.invariance.score import check_features


class GoodfellowInvariance:
    """S(i) = L(i) / G(i), averaged over the best fraction of the units; classes play no part.

    G(i) is 1 %, by the choice of the unit's threshold. L(i) is the fraction of a set for which the unit fires, averaged
    over the sets Z of inputs that (nearly) maximally activate it. Z is taken as the sets in which the unit fires at
    least once: at a rate of 1 % that is close to its maximum. The sign of each unit is the one with the larger S(i).
    The maximum is 1/G = 100. Like RIS, it has a floor above 1, since Z is chosen by firing.

    From Goodfellow, Le, Saxe, Lee & Ng, "Measuring invariances in deep networks" (NeurIPS 2009), section 3. The public
    package tmeasures averages L over all inputs instead of Z, and fixes the sign to +1.

    Args:
        features: ``(num_images, num_units)``.
        layout: Set of every image; sets of one image are skipped.
        firing_rate: Global firing rate G, in (0, 1).
        top_fraction: Fraction of the units that is averaged, best first, in (0, 1].

    Raises:
        ValueError: A rate or fraction lies outside its range, a unit would fire for a single image only, the features
            don't fit the layout, or every set has a single image.
    """

    invariant_is_high = True
    names = ("goodfellow",)

    def __init__(self, features: Tensor, layout: SetLayout, firing_rate: float = 0.01, top_fraction: float = 0.2):
        check_features(features, layout)
        if not 0 < top_fraction <= 1:
            raise ValueError(f"top_fraction is {top_fraction}; it must lie in (0, 1]")
        self.usable = layout.set_sizes >= 2
        if not self.usable.any():
            raise ValueError("every set has a single image, so nothing is transformed")
        self.layout = layout
        self.num_top = max(1, round(top_fraction * features.shape[1]))
        if round(check_rate(firing_rate) * len(features)) < 2:
            raise ValueError(
                f"at a firing_rate of {firing_rate} a unit fires for fewer than 2 of {len(features)} images"
            )
        self.firing = [(h > top_threshold(h, firing_rate)).float() for h in (features.float(), -features.float())]

    def per_unit(self, set_of_image: Tensor | None = None) -> Tensor:
        """S(i) as ``(num_units,)`` float64; 0 for a unit that never fires."""
        set_of_image = self.layout.set_of_image if set_of_image is None else set_of_image
        return torch.maximum(*(self._ratio(firing, set_of_image) for firing in self.firing))

    def scores(self, set_of_image: Tensor | None = None) -> Tensor:
        """The mean of the best S(i) as ``(1,)`` float64."""
        return self.per_unit(set_of_image).topk(self.num_top).values.mean().unsqueeze(0)

    def _ratio(self, firing: Tensor, set_of_image: Tensor) -> Tensor:
        counts = sum_by(firing, set_of_image, self.layout.num_sets)[self.usable]
        fraction = (counts / self.layout.set_sizes[self.usable].unsqueeze(1)).double()
        local = fraction.sum(0) / (counts > 0).sum(0).clamp(min=1)
        rate = firing.double().mean(0)
        return local / rate.where(rate > 0, 1)
