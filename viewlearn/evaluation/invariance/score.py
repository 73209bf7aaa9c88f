"""The Representation Invariance Score: how reliably the best units fire over a class's transformation sets."""

from typing import Literal

import torch
from torch import Tensor

from viewlearn.evaluation.invariance.firing import check_rate, percentile_threshold, top_threshold
from viewlearn.evaluation.invariance.layout import SetLayout, mean_by, sum_by

Version = Literal["formula", "released"]
Sign = Literal["positive", "best"]

MIN_SET_SIZE = 3
"""Smaller sets are skipped, as in the released code."""


class RepresentationInvariance:
    """The Representation Invariance Score (RIS), in percent of its maximum.

    Unit i fires for x if s_i·h_i(x) > t_i, with t_i such that it does so for a fraction G of all images. Its
    target-conditioned local firing rate L_y(i) is the mean, over the sets T of class y, of the fraction of T for which
    it fires; its invariance is I_y(i) = L_y(i) / G(i). Then ::

        RIS(K) = 100 · G · mean over y of the mean of the K largest I_y(i)

    There are two versions, because the paper and the code released with it differ:

    * ``"formula"``, the paper's: G is 1 / num_classes, each unit has one sign, and L_y is a mean over all sets. If a
      class's sets have equal sizes, this is the class's firing rate, whatever lies in which set: it measures class
      selectivity alone.
    * ``"released"``: G is 1 / num_classes but at least 5 %; the sign is chosen per set and unit (the one with more
      firings), and sets in which a unit never fires are left out of its mean. Global firing counts h ≥ t, local firing
      h > t.

    Both have a floor that features without information reach, 10 to 47 depending on the number and size of the sets
    and on the number of units, so report ``permutation_test`` beside the score.

    From Purushwalkam & Gupta, "Demystifying contrastive self-supervised learning" (NeurIPS 2020), section 3.

    Args:
        features: ``(num_images, num_units)`` of all images, over which thresholds are taken.
        layout: Class and set of every image. Sets of fewer than 3 images count for thresholds only.
        version: Version of the score, see above.
        top: Numbers K of units that are averaged per class.
        firing_rate: Global firing rate G, in (0, 1); None takes the version's own.
        sign: Sign of each unit in the formula: "positive" fixes s_i = 1; "best" takes the one with the larger maximum
            over y of I_y(i).

    Raises:
        ValueError: There are fewer units than the largest K, features and layout have different lengths, no set has 3
            images, the firing rate lies outside (0, 1), or there is a single class and no firing rate (the formula's G
            would be 1).
    """

    invariant_is_high = True

    def __init__(
        self,
        features: Tensor,
        layout: SetLayout,
        version: Version = "formula",
        top: tuple[int, ...] = (10, 25),
        firing_rate: float | None = None,
        sign: Sign = "positive",
    ):
        check_features(features, layout)
        if version not in ("formula", "released"):
            raise ValueError(f"version is {version!r}; it must be 'formula' or 'released'")
        if sign not in ("positive", "best"):
            raise ValueError(f"sign is {sign!r}; it must be 'positive' or 'best'")
        if max(top) > features.shape[1]:
            raise ValueError(f"top is {top}, but there are only {features.shape[1]} units")
        self.usable = layout.set_sizes >= MIN_SET_SIZE
        if not self.usable.any():
            raise ValueError(f"no set has {MIN_SET_SIZE} images; the largest has {int(layout.set_sizes.max())}")
        self.layout = layout
        self.version = version
        self.top = top
        self.names = tuple(f"top-{k}" for k in top)
        floor = 0.05 if version == "released" else 0.0
        self.firing_rate = check_rate(max(1 / layout.num_classes, floor) if firing_rate is None else firing_rate)
        features = features.float()
        if version == "released":
            above = percentile_threshold(features, self.firing_rate)
            below = -percentile_threshold(-features, self.firing_rate)
            self.firing = [(features > above).float(), (features < below).float()]
            self.global_rates = [(features >= above).double().mean(0)]
        else:
            signed = [features] if sign == "positive" else [features, -features]
            self.firing = [(h > top_threshold(h, self.firing_rate)).float() for h in signed]
            self.global_rates = [firing.double().mean(0) for firing in self.firing]

    def invariances(self, set_of_image: Tensor | None = None) -> Tensor:
        """I_y(i) as ``(num_classes, num_units)``, at most 1/G; 0 for a unit that never fires."""
        set_of_image = self.layout.set_of_image if set_of_image is None else set_of_image
        rates = self._local_rates(set_of_image)
        scaled = [local / rate.where(rate > 0, 1) for local, rate in zip(rates, self.global_rates, strict=True)]
        best = scaled[0]
        for other in scaled[1:]:
            best = torch.where(other.amax(0) > best.amax(0), other, best)
        return best

    def scores(self, set_of_image: Tensor | None = None) -> Tensor:
        """RIS(K) for each K of ``top``, as ``(len(top),)`` float64 in [0, 100]."""
        invariances = self.invariances(set_of_image)
        with_sets = mean_by(self.usable.double(), self.layout.class_of_set, self.layout.num_classes) > 0
        largest = invariances[with_sets].topk(max(self.top), dim=1).values
        return torch.stack([largest[:, :k].mean() for k in self.top]) * (100 * self.firing_rate)

    def _local_rates(self, set_of_image: Tensor) -> list[Tensor]:
        """L_y(i) for each sign, ``(num_classes, num_units)`` float64."""
        layout, usable = self.layout, self.usable
        classes, sizes = layout.class_of_set[usable], layout.set_sizes[usable].unsqueeze(1)
        counts = [sum_by(firing, set_of_image, layout.num_sets)[usable] for firing in self.firing]
        if self.version == "formula":
            return [mean_by((count / sizes).double(), classes, layout.num_classes) for count in counts]
        count = torch.maximum(*counts)
        total = sum_by(count / sizes, classes, layout.num_classes).double()
        contributing = sum_by((count > 0).float(), classes, layout.num_classes)
        return [total / contributing.clamp(min=1)]


def check_features(features: Tensor, layout: SetLayout) -> None:
    """Raises ValueError unless ``features`` is ``(layout.num_images, num_units)`` and finite."""
    if features.ndim != 2 or len(features) != layout.num_images:
        raise ValueError(
            f"features has shape {tuple(features.shape)}; the layout requires ({layout.num_images}, num_units)"
        )
    if not features.isfinite().all():
        raise ValueError("features contain NaN or infinite values")
