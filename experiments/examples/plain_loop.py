"""Views and a loss in a plain PyTorch loop: no command line, no run folder, any torchvision data set.

    python experiments/examples/plain_loop.py [FOLDER]       # a folder of folders of images, as ImageFolder has them

Without a folder it takes small photographs that need no download.
"""

import sys

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms.v2 import CenterCrop, Compose, Resize, ToImage

from viewlearn.encoders import Backbone, projection_head
from viewlearn.losses import nt_xent
from vision import PhotoDigits, SimCLRViews

SIZE, STEPS = 32, 30


def main(folder: str | None = None) -> list[float]:
    if folder:
        dataset = ImageFolder(folder, Compose([ToImage(), Resize(SIZE), CenterCrop(SIZE)]))  # uint8 until the device
    else:
        dataset = PhotoDigits(num_train=1024).split("train")
    # pyrefly: ignore[bad-argument-type]  (DataLoader takes whatever has a length and items)
    loader = DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True)

    torch.manual_seed(0)
    views = SimCLRViews(size=SIZE, strength=0.5)
    encoder = Backbone("resnet10w8", channels=3, size=(SIZE, SIZE), mean=(0.5,) * 3, std=(0.25,) * 3)
    head = projection_head("mlp", encoder.num_features, 128)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(0)  # all randomness of the views comes from here

    losses: list[float] = []
    while len(losses) < STEPS:
        for images, _ in loader:
            with torch.no_grad():
                x = images.float() / 255
                x1, x2 = views(x, generator), views(x, generator)  # each image gets draws of its own
            z1, z2 = head(encoder(torch.cat([x1, x2]))).chunk(2)
            loss = nt_xent(z1, z2, temperature=0.2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    print(f"loss {losses[0]:.2f} at first, {losses[-1]:.2f} after {len(losses)} steps")
    return losses


if __name__ == "__main__":
    main(*sys.argv[1:])
