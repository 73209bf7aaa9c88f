"""Cosine similarity of whitened features between an image and its transformed self."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.evaluation.invariance.layout import SetLayout, sum_by
from viewlearn.evaluation.invariance.score import check_features


@dataclass(frozen=True)
class Whitening:
    """The affine map z = (h − mean)·root after which reference features have unit covariance.

    Args:
        mean: Mean of the reference features, ``(num_units,)``.
        root: Root of their inverse covariance, ``(num_units, num_units)``: root·rootᵀ is the inverse.
    """

    mean: Tensor
    root: Tensor

    @classmethod
    def fit(cls, reference: Tensor, shrinkage: float = 1e-3) -> "Whitening":
        """Fits mean and covariance on reference features ``(num_images, num_units)``.

        The covariance is (1 − shrinkage)·Σ + shrinkage·tr(Σ)/num_units·I, so that it isn't singular where units never
        fire or there are fewer images than units. The published code doesn't shrink, and fails there.

        Raises:
            ValueError: There are fewer than 2 images, the shrinkage lies outside [0, 1], or the covariance is singular
                nevertheless.
        """
        if reference.ndim != 2 or len(reference) < 2:
            raise ValueError(f"reference has shape {tuple(reference.shape)}; it must be (at least 2 images, num_units)")
        if not 0 <= shrinkage <= 1:
            raise ValueError(f"shrinkage is {shrinkage}; it must lie in [0, 1]")
        reference = reference.double()
        covariance = reference.t().cov().reshape(reference.shape[1], -1)
        scale = covariance.diagonal().mean()
        identity = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
        triangle, failed = torch.linalg.cholesky_ex((1 - shrinkage) * covariance + shrinkage * scale * identity)
        if failed or scale == 0:
            raise ValueError(
                f"the covariance of {len(reference)} images and {len(covariance)} units is singular; "
                f"give more images or a shrinkage above {shrinkage}"
            )
        return cls(reference.mean(0), torch.linalg.solve_triangular(triangle, identity, upper=False).t().contiguous())

    def __call__(self, features: Tensor) -> Tensor:
        """Whitens features ``(num_images, num_units)``; the result is float64."""
        return (features.double() - self.mean) @ self.root


def whitened_cosine(original: Tensor, transformed: Tensor, whitening: Whitening) -> Tensor:
    """Computes cos(z, z') of each image's whitened features before and after a transformation.

    From Ericsson, Gouk & Hospedales, "Why do self-supervised models transfer?" (BMVC 2022), section 3.

    Args:
        original: Features ``(num_images, num_units)`` before the transformation.
        transformed: Features of the same images after it.
        whitening: Whitening fitted on features of the untransformed test data.

    Returns:
        ``(num_images,)`` in [−1, 1]; independent features give 0 on average.
    """
    return functional.cosine_similarity(whitening(original), whitening(transformed), dim=1)


class SetCosine:
    """Whitened cosine similarity between the images of a set, averaged over pairs, then over sets.

    This suits sets without a distinguished original. With unit vectors u of a set of n images, the mean over pairs is
    (‖Σ u‖² − n) / (n·(n − 1)).

    Args:
        features: ``(num_images, num_units)``.
        layout: Set of every image; sets of one image are skipped.
        whitening: Whitening of features; None fits one on the features themselves.

    Raises:
        ValueError: The features don't fit the layout, or every set has a single image.
    """

    invariant_is_high = True
    names = ("whitened cosine",)

    def __init__(self, features: Tensor, layout: SetLayout, whitening: Whitening | None = None):
        check_features(features, layout)
        self.usable = layout.set_sizes >= 2
        if not self.usable.any():
            raise ValueError("every set has a single image, so there are no pairs")
        self.layout = layout
        whitening = Whitening.fit(features) if whitening is None else whitening
        self.directions = functional.normalize(whitening(features), dim=1)

    def per_set(self, set_of_image: Tensor | None = None) -> Tensor:
        """The mean over pairs in each set of at least two images, float64 in [−1, 1]."""
        set_of_image = self.layout.set_of_image if set_of_image is None else set_of_image
        sums = sum_by(self.directions, set_of_image, self.layout.num_sets)[self.usable]
        # Each summand's own square is 1, or 0 for an image that lies exactly on the mean.
        own = sum_by(self.directions.square().sum(1), set_of_image, self.layout.num_sets)[self.usable]
        sizes = self.layout.set_sizes[self.usable]
        return (sums.square().sum(1) - own) / (sizes * (sizes - 1))

    def scores(self, set_of_image: Tensor | None = None) -> Tensor:
        """The mean over sets as ``(1,)`` float64."""
        return self.per_set(set_of_image).mean().unsqueeze(0)
