"""Rotation of the hue in HSV."""

import torch
from torch import Tensor


def shift_hue(x: Tensor, shift: Tensor) -> Tensor:
    """Moves the hue of RGB images by ``shift`` turns; saturation and value stay::

        V = max(R, G, B),  m = min(R, G, B),  C = V − m
        h   = sign(G − B) (G + B − R + V − 2m) / 6C                      the hue in turns, in [−½, ½]
        y_c = m + C · clamp(6 | |h' − h_c| − ½ | − 1, 0, 1)              h' = h + shift, wrapped into [−½, ½]

    with h_c = 0, ⅓, −⅓ for red, green and blue. This converts to HSV and back without the usual six cases, which would
    cost more than all of the arithmetic. Gray pixels (C = 0) stay as they are.

    Args:
        x: ``(batch, 3, height, width)`` in [0, 1].
        shift: ``(batch,)`` turns.
    """
    red, green, blue = x.unbind(dim=1)
    value = torch.maximum(torch.maximum(green, blue), red)
    low = torch.minimum(torch.minimum(green, blue), red)
    chroma = value - low
    magnitude = (green + blue).sub_(red).add_(value).sub_(low, alpha=2)
    sextant = 6 * chroma
    hue = torch.copysign(magnitude, green - blue) / sextant.clamp(min=1e-20)  # gray: 0 / 1e-20
    hue = hue + shift[:, None, None]
    hue = hue - hue.round()
    # 0, 1/3 and −1/3 turns, where red, green and blue have their maximum; no copy from the host, which would wait.
    centers = ((torch.arange(1, 4, device=x.device) % 3 - 1).to(x.dtype) / 3)[:, None, None]
    wave = (hue[:, None] - centers).abs_().sub_(1 / 2).abs_().clamp_(1 / 6, 2 / 6)
    return torch.addcmul((low - chroma)[:, None], sextant[:, None], wave)
