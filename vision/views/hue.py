"""Rotation of the hue in HSV."""

import torch
from torch import Tensor

# u = h + offset, with the hue h in turns: a channel is at its maximum where the triangle wave of u is
CHANNEL_OFFSETS = (5 / 6, 3 / 6, 1 / 6)


def shift_hue(x: Tensor, shift: Tensor) -> Tensor:
    """RGB images with their hue moved by ``shift`` turns; saturation and value stay.

        y_c = V − C · clamp(2 − |6 u_c − 2|, 0, 1),    u_c = (h + shift + n_c / 6) mod 1,    n = (5, 3, 1)

    where V = max(R, G, B), C = V − min(R, G, B) and h is the hue in turns: the closed form of going to HSV and
    back, without the six cases. Gray pixels stay as they are, with gradient through V alone.

    Shapes: x ``(batch, 3, height, width)`` in [0, 1], shift ``(batch,)``.
    """
    red, green, blue = x.unbind(dim=1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    sixths = torch.where(
        value == red, green - blue, torch.where(value == green, blue - red, red - green)
    ) / torch.where(chroma == 0, 1, chroma)
    sextant = torch.where(value == red, 0.0, torch.where(value == green, 2 / 6, 4 / 6))
    hue = sixths / 6 + sextant + shift[:, None, None]
    offsets = torch.tensor(CHANNEL_OFFSETS, dtype=x.dtype, device=x.device)[:, None, None]
    turns = hue[:, None] + offsets
    turns = turns - turns.detach().floor()
    wave = (turns - 1 / 3).abs().mul(-6).add(2).clamp(0, 1)
    return torch.addcmul(value[:, None], chroma[:, None], wave, value=-1)
