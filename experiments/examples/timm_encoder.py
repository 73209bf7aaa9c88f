"""A network of timm, from pretrained weights, trained further by contrasting views.

    pip install timm
    python experiments/examples/timm_encoder.py [FILE]       # FILE: weights of yours, .safetensors or .pth

Without a file it starts from random weights and needs no download; ``"pretrained": True`` in the marked line takes
timm's. On the command line::

    accelerate launch -m viewlearn.train --encoder Backbone --encoder.name timm/resnet10t --encoder.pretrained true
"""

import sys
from functools import partial

import timm
import torch
from torch import nn

import viewlearn
from vision import PhotoDigits, SimCLRViews

NAME, STEPS = "resnet10t", 8


class MaxPooled(nn.Module):
    """A module of one's own needs no subclass of ours: here the last map of a network of timm, pooled otherwise."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x).amax((2, 3))


def main(file: str | None = None) -> viewlearn.Encoder:
    data = PhotoDigits(num_train=512, num_test=256)
    torch.manual_seed(0)
    first = {"checkpoint": file} if file else {"pretrained": False}  # <- True: timm's weights, downloaded once
    encoder = data.bind(viewlearn.Backbone, f"timm/{NAME}", **first)

    method = viewlearn.SimCLR(encoder, data.pipeline(data.bind(SimCLRViews, strength=0.5)), temperature=0.2)
    gently = partial(torch.optim.AdamW, lr=1e-4)  # what is pretrained has something to lose
    trainer = viewlearn.Trainer(method, data, batch_size=64, optimizer=gently)
    (line,) = trainer.fit(steps=STEPS)
    print(f"loss {line['loss']:.2f} over {STEPS} steps\n{trainer.evaluate()}")

    network = timm.create_model(NAME, num_classes=0, global_pool="")
    own = data.bind(viewlearn.NetworkEncoder, MaxPooled(network))  # asks by a forward pass how many features there are
    print(f"by name {encoder.num_features} features, of a module of one's own {own.num_features}")
    return encoder


if __name__ == "__main__":
    main(*sys.argv[1:])
