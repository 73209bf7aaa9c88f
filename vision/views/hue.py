"""Rotation of the hue in HSV."""

import torch
from torch import Tensor

# Where on the circle of hues, in sixths, red, green and blue have their maximum.
CHANNEL_HUES = (0.0, 2.0, -2.0)


def shift_hue(x: Tensor, shift: Tensor) -> Tensor:
    """RGB images with their hue moved by ``shift`` turns; saturation and value stay.

        V = max(R, G, B),  m = min(R, G, B),  C = V − m
        h   = sign(G − B) (G + B − R + V − 2m) / C                    the hue, in sixths of a turn, in [−3, 3]
        y_c = m + C · clamp(| |h' − h_c| − 3 | − 1, 0, 1)             h' = h + 6 shift, wrapped into [−3, 3]

    with h_c = 0, 2, −2 for red, green and blue. It is the way to HSV and back without telling six cases apart, which
    costs more than all of the arithmetic. Gray pixels (C = 0) stay as they are.

    Shapes: x ``(batch, 3, height, width)`` in [0, 1], shift ``(batch,)``.
    """
    red, green, blue = x.unbind(dim=1)
    value = torch.maximum(torch.maximum(green, blue), red)
    low = torch.minimum(torch.minimum(green, blue), red)
    chroma = value - low
    magnitude = (green + blue).sub_(red).add_(value).sub_(low, alpha=2)
    hue = torch.copysign(magnitude, green - blue) / chroma.clamp(min=1e-20)  # gray: 0 / 1e-20
    hue = hue + 6 * shift[:, None, None]
    hue = torch.sub(hue, (hue / 6).round_(), alpha=6)
    centres = torch.tensor(CHANNEL_HUES, dtype=x.dtype, device=x.device)[:, None, None]
    wave = (hue[:, None] - centres).abs_().sub_(3).abs_().clamp_(1, 2)
    return torch.addcmul((low - chroma)[:, None], chroma[:, None], wave)
