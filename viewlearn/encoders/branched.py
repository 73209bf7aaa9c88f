"""An encoder with several last stages on one trunk, as LooC++ trains."""

import torch
from torch import Tensor, nn

from viewlearn.bounds import Positive, SmallCount, Value, Width
from viewlearn.encoders.encoder import Backbone
from viewlearn.encoders.resnet import Stem, build_resnet, split_last_stage


class BranchedBackbone(Backbone):
    """A ResNet with several last stages; its features are those of all branches, one after the other.

    ::

        features = [branch_0(trunk(x)), …, branch_{B−1}(trunk(x))]       B · num_features of the plain network

    With LooC, branch i serves space i alone: LooC++ (Xiao et al., ICLR 2021, section 3, "the Conv5 block is moved
    into the head"). With any other method it is the control of equal dimension.

    Args:
        name: Name of the ResNet: ``resnet18``, ``resnet50``, … as in torchvision, or a narrow one such as
            ``resnet10w16``.
        branches: Number of last stages; LooC++ needs one more than there are factors.
        stem: First layers, see ``Backbone``.
        channels: Number of channels of the input; from the data.
        size: Height and width of the input, in pixels or bins; from the data.
        mean: Mean of each channel; from the data.
        std: Standard deviation of each channel; from the data.

    Raises:
        ValueError: As for ``Backbone``; a network that isn't one of these ResNets, or fewer than one branch.
    """

    def __init__(
        self,
        name: str = "resnet18",
        branches: SmallCount = 3,
        stem: Stem = "auto",
        channels: Width | None = None,
        size: tuple[Width, Width] | None = None,
        mean: tuple[Value, ...] | None = None,
        std: tuple[Positive, ...] | None = None,
    ):
        if "/" in name:
            raise ValueError(f"BranchedBackbone can't cut {name!r}; take torchvision's ResNets or narrow ones")
        super().__init__(name, stem, channels=channels, size=size, mean=mean, std=std)
        trunk, first = split_last_stage(self.network)
        # Each branch starts from weights of its own, or all would learn the same where their losses agree.
        others = [split_last_stage(build_resnet(name, self.channels, "small").network)[1] for _ in range(branches - 1)]
        self.network = trunk
        self.branches = nn.ModuleList([first, *others])
        self.num_features *= branches

    def forward(self, x: Tensor) -> Tensor:
        shared = self.network(self.normalize(x))
        return torch.cat([branch(shared) for branch in self.branches], dim=1)
