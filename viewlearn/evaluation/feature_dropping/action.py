"""Where views act: how much each pixel or bin changes, at which frequencies, and whether on the overlay."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from viewlearn.views.viewmaker.dct import dct2


@dataclass(frozen=True)
class Action:
    """What views do to the encoder's input, in its units, with δ = view − clean.

    Args:
        magnitude: Mean absolute δ of each pixel or bin over samples, draws and channels, ``(height, width)``.
        spectrum: Mean squared coefficients of δ's orthonormal 2-D DCT, ``(height, width)``; [0, 0] is the mean.
        profile: Radial profile of the spectrum, see ``radial_profile``.
        mean: Mean absolute δ over everything.
        overlay: Correlation of the absolute δ with the overlay's opacity in each sample, averaged; None without an
            overlay or a change.
        overlay_null: The same with another sample's opacity, which is due to the overlays' usual place.
    """

    magnitude: Tensor
    spectrum: Tensor
    profile: list[float]
    mean: float
    overlay: float | None = None
    overlay_null: float | None = None


class ActionMeter:
    """Accumulates an ``Action`` over batches: ``add`` each, then read ``result``.

    Args:
        generator: Source of the pairs of samples for the null of the overlay's correlation.
    """

    def __init__(self, generator: Generator | None = None):
        self.generator = generator
        self.magnitude = self.spectrum = torch.zeros(())
        self.correlations: list[Tensor] = []
        self.null: list[Tensor] = []
        self.num_views = 0

    def add(self, clean: Tensor, views: Tensor, opacity: Tensor | None = None) -> None:
        """Adds a batch.

        Args:
            clean: Encoder inputs ``(batch, channel, height, width)``.
            views: Views of the same shape.
            opacity: Opacity of the overlay ``(batch, height, width)``, where it is known.

        Raises:
            ValueError: The views have another shape than the clean inputs, so there is no difference.
        """
        if clean.shape != views.shape:
            raise ValueError(
                f"views of shape {tuple(views.shape[1:])} have no difference from inputs of {tuple(clean.shape[1:])}"
            )
        delta = (views - clean).float().cpu()
        size = delta.abs().mean(1)
        self.magnitude = self.magnitude + size.sum(0)
        self.spectrum = self.spectrum + dct2(delta).square().mean(1).sum(0)
        self.num_views += len(delta)
        if opacity is not None:
            opacity = opacity.float().cpu()
            self.correlations.append(row_correlation(size.flatten(1), opacity.flatten(1)))
            if len(opacity) > 1:
                shift = int(torch.randint(1, len(opacity), (), generator=self.generator))
                self.null.append(row_correlation(size.flatten(1), opacity.roll(shift, 0).flatten(1)))

    def result(self) -> Action:
        """What was accumulated.

        Raises:
            ValueError: Nothing was.
        """
        if not self.num_views:
            raise ValueError("there are no views to say where they act")
        magnitude, spectrum = self.magnitude / self.num_views, self.spectrum / self.num_views
        overlay, null = _mean(self.correlations), _mean(self.null)
        return Action(magnitude, spectrum, radial_profile(spectrum), magnitude.mean().item(), overlay, null)


def _mean(parts: list[Tensor]) -> float | None:
    """The mean of the values that are numbers; None if there are none, as for views that change nothing."""
    values = torch.cat(parts) if parts else torch.empty(0)
    values = values[~values.isnan()]
    return values.mean().item() if len(values) else None


def row_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Computes Pearson's correlation of each row of a ``(n, m)`` with the same row of b.

    Returns:
        ``(n,)`` float64, NaN where one of the rows is constant.
    """
    a, b = (rows - rows.mean(1, keepdim=True) for rows in (a.double(), b.double()))
    scale = a.norm(dim=1) * b.norm(dim=1)
    return (a * b).sum(1) / torch.where(scale > 1e-12, scale, torch.nan)


def radial_profile(spectrum: Tensor, num_bands: int = 16) -> list[float]:
    """Divides a 2-D DCT spectrum's energy among rings of equal width of normalized radial frequency.

    Coefficient (u, v) of H × W has the radius √((u/H)² + (v/W)²) / √2 in [0, 1); u/H = 1 is Nyquist's frequency. White
    noise has a profile proportional to the rings' areas.

    Args:
        spectrum: Energies ``(height, width)``, not negative.
        num_bands: Number of rings.

    Returns:
        Each ring's fraction of the energy, from low to high frequency.
    """
    height, width = spectrum.shape
    u, v = torch.arange(height)[:, None] / height, torch.arange(width) / width
    band = ((u**2 + v**2).sqrt() / 2**0.5 * num_bands).long().clamp_max(num_bands - 1)
    energy = torch.zeros(num_bands, dtype=torch.float64)
    energy.index_add_(0, band.flatten(), spectrum.double().flatten())
    return (energy / energy.sum().clamp_min(1e-30)).tolist()
