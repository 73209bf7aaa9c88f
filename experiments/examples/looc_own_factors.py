"""LooC over factors of one's own choice: an embedding space for each view that must not be forgotten.

    python experiments/examples/looc_own_factors.py

The factors are any entries of any Compose. Space 0 becomes invariant to all of them, space i keeps factor i; the
encoder's features, from which all spaces are read, keep what each of them needs.
"""

import torch

from viewlearn.data import Batch
from viewlearn.encoders import Backbone
from viewlearn.methods import LooC
from viewlearn.views import Compose, Identity, RandomApply, pipeline
from viewlearn.views.decode import ToFloat
from vision import ColorJitter, HorizontalFlip, PhotoDigits, QuarterRotation, RandomResizedCrop

SIZE, STEPS, BATCH = 32, 20, 64


def main() -> list[dict[str, float]]:
    photos = PhotoDigits(num_train=1024).split("train")
    images = torch.stack([photos[i][0] for i in range(len(photos))])  # uint8, as stored

    views = Compose(
        {
            "crop": RandomResizedCrop(SIZE, scale=(0.4, 1.0)),
            "flip": HorizontalFlip(),
            "color": RandomApply(ColorJitter(0.4, 0.4, 0.4, 0.1), 0.8),
            "rotation": QuarterRotation(),
        }
    )
    encoder = Backbone("resnet10w16", channels=3, size=(SIZE, SIZE), mean=(0.5,) * 3, std=(0.25,) * 3)
    method = LooC(
        encoder,
        pipeline(ToFloat(), Identity(), views),
        factors=["color", "rotation"],  # "crop+color" would be one factor of two entries
        queue=256,
        momentum=0.99,
    )
    optimizer = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=0.05, momentum=0.9)
    generator = torch.Generator().manual_seed(0)

    history: list[dict[str, float]] = []
    for _ in range(STEPS):
        index = torch.randint(len(images), (BATCH,), generator=generator)
        loss, metrics = method(Batch(images[index], {}, index), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        method.update()  # moves the momentum encoder and fills the queues
        history.append({name: value.item() for name, value in metrics.items()})
    for space in ("all", "color", "rotation"):
        first, last = history[0][f"loss/{space}"], history[-1][f"loss/{space}"]
        print(f"space {space:8}: loss {first:.2f} at first, {last:.2f} after {STEPS} steps")
    return history


if __name__ == "__main__":
    main()
