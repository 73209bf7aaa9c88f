"""A learned view of one's own: what it decides from noise and x, within its budget, and what it wants besides.

python experiments/examples/shade.py
python -m viewlearn.train --views shade.LearnedShade     # from the folder of this file
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from viewlearn.views import Budget, CoarseNetwork, Decision, LearnedView, Params, resized
from vision import PhotoDigits


class LearnedShade(LearnedView):
    """Throws soft light and shadow on images.

    Args:
        budget: Mean absolute change of the brightness, as a fraction of it.
        channels: Number of channels of x; from the data.
    """

    largest_budget = 0.5

    def __init__(self, budget: Budget = 0.2, channels: int | None = None):
        super().__init__(budget, usual=0.2)
        self.network = CoarseNetwork(channels, maps=1)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.network.sample(x, generator)

    def resolve(self, x: Tensor, params: Params) -> Params:
        maps, _ = self.network(x, params["noise"])
        shade = resized(maps.tanh(), x.shape[-2:], "linear")
        return {"shade": shade * self._budget / (shade.abs().mean((1, 2, 3), keepdim=True) + 1e-6)}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return (x * (1 + resolved["shade"].to(x.dtype))).clamp(0, 1)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        return {"change": decision.resolved["shade"].detach().abs().mean()}

    def penalty(self, decisions: Sequence[Decision]) -> Tensor:
        return 0.1 * torch.stack([decision.resolved["shade"].mean().square() for decision in decisions]).sum()


def main() -> None:
    photos = PhotoDigits(num_train=64).split("train")
    x = torch.stack([photos[i][0] for i in range(16)]).float() / 255
    view = LearnedShade(channels=3)
    params = view.sample(x, torch.Generator().manual_seed(0))
    shade = view.resolve(x, params)["shade"]
    assert torch.equal(view.act(x, {"shade": shade}), view.transform(x, params))
    print(f"light and shadow change the brightness by {100 * shade.abs().mean():.1f} %")


if __name__ == "__main__":
    main()
