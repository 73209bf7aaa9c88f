"""Training in ten lines of Python: the loop of the command line, on a data set of one's own.

    python experiments/examples/trainer.py [FOLDER]      # a folder of folders of images, as ImageFolder has them

Without a folder it takes small photographs with digits. Also data: a tensor, a pair of tensors, any
``torch.utils.data.Dataset``, a data set of torchvision or Hugging Face; see ``viewlearn.as_data``.
"""

import sys

import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms.v2 import CenterCrop, Compose, Resize

import viewlearn
from vision import PhotoDigits, SimCLRViews

SIZE, STEPS = 32, 60


def main(folder: str | None = None) -> viewlearn.Trainer:
    if folder:
        data = viewlearn.as_data(ImageFolder(folder, Compose([Resize(SIZE), CenterCrop(SIZE)])))
    else:
        photos = PhotoDigits(num_train=1024, num_test=256)
        data = viewlearn.as_data(photos.split("train"), photos.split("test"))

    torch.manual_seed(0)  # of the first weights; order and views have a seed of their own, in the trainer's settings
    encoder = data.bind(viewlearn.Backbone, "resnet10w16")  # told the data's channels, size, mean and deviation
    method = viewlearn.SimCLR(encoder, data.pipeline(data.bind(SimCLRViews, strength=0.5)), temperature=0.2)
    trainer = viewlearn.Trainer(method, data, batch_size=min(64, data.spec.num_train))
    # folder="runs/mine" keeps metrics, checkpoints and the encoder; resume=True goes on there after a crash.
    lines = trainer.fit(steps=STEPS)

    print(f"loss {lines[0]['loss']:.2f} after {lines[0]['step']} steps, {lines[-1]['loss']:.2f} after {STEPS}")
    print(trainer.evaluate())
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:])
