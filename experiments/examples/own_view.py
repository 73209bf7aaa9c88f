"""A view of one's own: what it draws, and what it does with the draw. Everything else follows.

python experiments/examples/own_view.py
python -m viewlearn.train --views own_view.Vignette     # from the folder of this file
"""

import torch
from torch import Generator, Tensor

from viewlearn.views import Compose, Params, View, draw
from vision import HorizontalFlip, PhotoDigits


class Vignette(View):
    """Darkens images towards their border, each by a strength of its own.

    Args:
        strongest: Largest darkening of the corners, in [0, 1].
    """

    def __init__(self, strongest: float = 0.8):
        super().__init__()
        if not 0 <= strongest <= 1:
            raise ValueError(f"strongest is {strongest}; it must lie in [0, 1]")
        self.strongest = strongest

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"strength": draw.uniform(x, 0.0, self.strongest, generator)}  # one number per image

    def transform(self, x: Tensor, params: Params) -> Tensor:
        height, width = x.shape[-2:]
        y = torch.linspace(-1, 1, height, device=x.device).square().view(-1, 1)
        distance = (y + torch.linspace(-1, 1, width, device=x.device).square()) / 2  # 0 in the center, 1 in corners
        return x * (1 - params["strength"].view(-1, 1, 1, 1) * distance)


def main() -> None:
    photos = PhotoDigits(num_train=64).split("train")
    x = torch.stack([photos[i][0] for i in range(16)]).float() / 255
    views = Compose({"flip": HorizontalFlip(), "vignette": Vignette()})

    params = views.sample(x, torch.Generator().manual_seed(0))
    replayed = views.transform(x, params)
    assert torch.equal(replayed, views.transform(x, params))  # no hidden state: the same draw, the same view

    held = {**params, "vignette": {"strength": torch.zeros(len(x))}}  # vary one entry, hold the others
    change = (views.transform(x, held) - replayed).abs().mean()
    print(f"the vignette alone changes a pixel by {change:.3f} on average")


if __name__ == "__main__":
    main()
