"""A learned view of ours inside lightly's loss and head: two players, one backward pass.

    pip install lightly
    python experiments/examples/viewmaker_in_lightly.py

The Viewmaker needs nothing of viewlearn's loop. Behind ``reverse_gradient`` it ascends the loss that the encoder
descends; each of the two has an optimizer of its own.
"""

import torch
import torchvision
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from torch import nn

from viewlearn.views import Viewmaker, reverse_gradient
from vision import PhotoDigits

STEPS, BATCH = 20, 32


def main() -> dict[str, list[float]]:
    photos = PhotoDigits(num_train=512).split("train")  # any images in [0, 1] will do
    images = torch.stack([photos[i][0] for i in range(len(photos))]).float() / 255

    backbone = nn.Sequential(*list(torchvision.models.resnet18().children())[:-1], nn.Flatten())
    head = SimCLRProjectionHead(input_dim=512, hidden_dim=512, output_dim=128)
    criterion = NTXentLoss(temperature=0.2)

    viewmaker = Viewmaker(channels=3, width=8, budget=0.1, clamp=(0.0, 1.0))  # changes each value by 0.1 on average
    learner = torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=0.05, momentum=0.9)
    adversary = torch.optim.Adam(viewmaker.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)

    history: dict[str, list[float]] = {"loss": [], "change": []}
    for _ in range(STEPS):
        x = images[torch.randint(len(images), (BATCH,), generator=generator)]
        views = [viewmaker(x, generator) for _ in range(2)]  # other noise, another view
        z1, z2 = head(backbone(reverse_gradient(torch.cat(views)))).chunk(2)
        loss = criterion(z1, z2)
        learner.zero_grad()
        adversary.zero_grad()
        loss.backward()
        learner.step()
        adversary.step()
        history["loss"].append(loss.item())
        history["change"].append((views[0] - x).abs().mean().item())
    print(f"loss {history['loss'][0]:.2f} → {history['loss'][-1]:.2f}, mean change {history['change'][-1]:.3f}")
    return history


if __name__ == "__main__":
    main()
