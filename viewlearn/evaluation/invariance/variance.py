"""Transformation variance over sample variance."""

import torch
from torch import Tensor

from viewlearn.evaluation.invariance.layout import SetLayout, mean_by, sum_by
from viewlearn.evaluation.invariance.score import check_features


class VarianceRatio:
    """The mean over units of Var_transformation / Var_sample: 0 is invariant, and 1 is what chance gives.

    Var_transformation(i) is the unbiased variance of h_i within a set, averaged over the sets. Var_sample(i) is the
    unbiased variance over images that share a level of the transformation, averaged over the levels; without levels,
    all images count as one level. Units that don't vary are left out. This is the normalized variance of Quiroga et
    al., "Measuring (in)variances in convolutional networks" (2020).

    Args:
        features: ``(num_images, num_units)``.
        layout: Set of every image; sets of one image are skipped.
        levels: Step of the transformation that each image shows, ``(num_images,)`` integers, where sets are aligned.

    Raises:
        ValueError: Features or levels don't fit the layout, every set has a single image, or no unit varies.
    """

    invariant_is_high = False
    names = ("variance ratio",)

    def __init__(self, features: Tensor, layout: SetLayout, levels: Tensor | None = None):
        check_features(features, layout)
        self.usable = layout.set_sizes >= 2
        if not self.usable.any():
            raise ValueError("every set has a single image, so nothing is transformed")
        if levels is not None and levels.shape != layout.set_of_image.shape:
            raise ValueError(f"levels has shape {tuple(levels.shape)}; it must be ({layout.num_images},)")
        self.layout = layout
        centered = features.double() - features.double().mean(0)  # exact, and small numbers to square
        if levels is None:
            sample_variance = centered.var(0)
        else:
            _, level = levels.unique(return_inverse=True)
            sample_variance = _variances(centered, level, torch.bincount(level)).mean(0)
        live = sample_variance > 1e-12 * centered.square().mean().clamp(min=1e-300)
        if not live.any():
            raise ValueError("no unit varies over the samples")
        self.features, self.sample_variance = centered[:, live], sample_variance[live]

    def per_unit(self, set_of_image: Tensor | None = None) -> Tensor:
        """The ratio of each unit that varies, float64."""
        set_of_image = self.layout.set_of_image if set_of_image is None else set_of_image
        within = _variances(self.features, set_of_image, self.layout.set_sizes)
        return within.mean(0) / self.sample_variance

    def scores(self, set_of_image: Tensor | None = None) -> Tensor:
        """The mean over units as ``(1,)`` float64, at least 0."""
        return self.per_unit(set_of_image).mean().unsqueeze(0)


def _variances(values: Tensor, index: Tensor, sizes: Tensor) -> Tensor:
    """Unbiased variance of each group of at least two members, ``(num_groups_kept, num_units)``."""
    means = mean_by(values, index, len(sizes))
    squares = sum_by((values - means[index]).square(), index, len(sizes))
    kept = sizes >= 2
    return squares[kept] / (sizes[kept] - 1).unsqueeze(1)
