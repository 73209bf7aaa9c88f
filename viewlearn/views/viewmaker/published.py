"""Weights of the published Viewmaker code in this project's Viewmaker."""

from collections.abc import Mapping

from torch import Tensor

from viewlearn.views.viewmaker.viewmaker import Viewmaker


def viewmaker_from_published(
    state_dict: Mapping[str, Tensor],
    budget: float = 0.05,
    clamp: tuple[float, float] | None = (0.0, 1.0),
    prefix: str = "",
) -> Viewmaker:
    """Makes a Viewmaker of the published variant with weights of the published code (``alextamkin/viewmaker``).

    Channels, width and the number of residual blocks are read off the weights. Residual blocks that were built but
    never used are left out, and so are the biases before the norms, which have no effect.

    Args:
        state_dict: Weights of the published ``Viewmaker`` module.
        budget: Budget, see ``Viewmaker``; the one used in training isn't in the weights.
        clamp: Range of the views, see ``Viewmaker``; most published runs didn't clamp.
        prefix: Prefix of the names, if ``state_dict`` belongs to a larger module; ``"viewmaker."`` for the published
            Lightning checkpoints.

    Raises:
        ValueError: Weights that are missing or lack the shapes of the published layout.
    """
    names = _names(state_dict, prefix)
    missing = [name for name in names.values() if name not in state_dict]
    if missing:
        raise ValueError(f"not the published layout of a Viewmaker: no {', '.join(missing)} in the weights")
    width, channels = state_dict[names["stem.conv.weight"]].shape[:2]
    viewmaker = Viewmaker(
        budget=budget,
        channels=channels - 1,
        clamp=clamp,
        variant="published",
        width=width,
        num_res_blocks=sum(name.endswith("first.conv.weight") for name in names),
    )
    for name, parameter in viewmaker.network.named_parameters():
        value = state_dict[names[name]]
        if value.shape != parameter.shape:
            raise ValueError(
                f"{names[name]} has the shape {tuple(value.shape)}; the published layout has {tuple(parameter.shape)}"
            )
        parameter.data.copy_(value)
    return viewmaker


def _names(state_dict: Mapping[str, Tensor], prefix: str) -> dict[str, str]:
    """Maps our names of the weights to the published ones."""
    conv_norms = {
        "stem": ("conv1", "in1"),
        "down1": ("conv2", "in2"),
        "down2": ("conv3", "in3"),
        "up1": ("deconv1", "in4"),
        "up2": ("deconv2", "in5"),
    }
    up1, down2 = (state_dict.get(f"{prefix}{conv}.conv2d.weight") for conv in ("deconv1", "conv3"))
    if up1 is None or down2 is None:
        raise ValueError(
            f"not the published layout of a Viewmaker: no {prefix}deconv1 or {prefix}conv3 in the weights, "
            f"which begin with {', '.join(list(state_dict)[:3])}"
        )
    for k in range(up1.shape[1] - down2.shape[0]):  # the channels that the noise has added
        conv_norms[f"blocks.{k}.first"] = (f"res{k + 1}.conv1", f"res{k + 1}.in1")
        conv_norms[f"blocks.{k}.second"] = (f"res{k + 1}.conv2", f"res{k + 1}.in2")
    names = {"out.weight": f"{prefix}deconv3.conv2d.weight", "out.bias": f"{prefix}deconv3.conv2d.bias"}
    for ours, (conv, norm) in conv_norms.items():
        names[f"{ours}.conv.weight"] = f"{prefix}{conv}.conv2d.weight"
        names[f"{ours}.norm.weight"] = f"{prefix}{norm}.weight"
        names[f"{ours}.norm.bias"] = f"{prefix}{norm}.bias"
    return names
