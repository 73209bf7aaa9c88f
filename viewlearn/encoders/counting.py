"""The number of features of any network."""

import torch
from torch import Tensor, nn


def count_features(encoder: nn.Module, shape: tuple[int, ...]) -> int:
    """Counts a network's features by a forward pass of zeros, in evaluation mode, which leaves it as it was.

    Args:
        encoder: Map from inputs ``(batch, …)`` to features ``(batch, num_features)``.
        shape: Shape of one input.

    Raises:
        ValueError: It refuses such inputs, or gives something other than features.
    """
    parameter = next(encoder.parameters(), torch.zeros(()))
    training = {name: module.training for name, module in encoder.named_modules()}
    encoder.eval()
    try:
        with torch.no_grad():
            features = encoder(torch.zeros(2, *shape, dtype=parameter.dtype, device=parameter.device))
    except RuntimeError as error:
        raise ValueError(f"the network can't read inputs of shape {shape}: {error}") from error
    finally:
        for name, module in encoder.named_modules():
            module.training = training[name]
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != 2:
        what = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(
            f"of 2 inputs the network makes {what}; it must make features (2, num_features), or a map (2, "
            "num_features, height, width): pool its output, or wrap it in a module that does"
        )
    return features.shape[1]
