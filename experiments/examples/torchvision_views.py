"""A pipeline of torchvision's v2 transforms as views, alone and with a learned view behind it.

    python experiments/examples/torchvision_views.py

Every image draws for itself, by a seed that is the view's parameter: so views replay, and a run resumes to the same
bits. kornia's augmentations stand in the same place; what doesn't hold for transforms of other libraries is said at
``ForeignView``.
"""

import torch
from torchvision.transforms import v2

import viewlearn
from viewlearn.training import TrainingSettings
from vision import PhotoDigits

STEPS = 12


def pipeline_of_torchvision(size: int) -> v2.Transform:
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(0.2, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
            v2.RandomGrayscale(p=0.2),
        ]
    )


def main() -> list[float]:
    data = PhotoDigits(num_train=512, num_test=256)
    torch.manual_seed(0)
    views = viewlearn.Compose(
        theirs=viewlearn.ForeignView(pipeline_of_torchvision(32)),
        viewmaker=data.bind(viewlearn.Viewmaker, budget=0.05, width=4),  # behind it, as it has a gradient of its own
    )

    images = data.decode(torch.stack([data.split("train")[i][0] for i in range(8)]))
    params = views.sample(images, torch.Generator().manual_seed(0))
    assert torch.equal(views.transform(images, params), views.transform(images, params))  # replayed from its seeds
    print("seeds of the first images:", params["theirs"]["seed"][:3].tolist())

    encoder = data.bind(viewlearn.Backbone, "resnet10w16")
    method = viewlearn.SimCLR(encoder, data.pipeline(views), temperature=0.2)
    settings = TrainingSettings(log_every=1)
    lines = viewlearn.Trainer(method, data, batch_size=64, settings=settings).fit(steps=STEPS)
    losses = [line["loss"] for line in lines]
    print(f"loss {losses[0]:.2f} at first, {losses[-1]:.2f} after {STEPS} steps")
    return losses


if __name__ == "__main__":
    main()
