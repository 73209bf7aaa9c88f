"""The published network, its weights' layout, and its gradients, beside a plain rendering of the same layers."""

import pytest
import torch
import torch.nn.functional as F

from viewlearn.views import Viewmaker, project_l1, viewmaker_from_published


def published_state(channels: int, generator: torch.Generator, used_blocks: int = 3, width: int = 32) -> dict:
    """Random weights under the published names, unused residual blocks included.

    Values are those of float32, which a Viewmaker holds without loss, and their type is float64: there, both orders of
    sums agree to 1e-8, while in float32 they let a unit near the kink of its ReLU fall on either side.
    """
    state = {}

    def conv(name, cin, cout, kernel):
        state[f"{name}.conv2d.weight"] = torch.randn(cout, cin, kernel, kernel, generator=generator) / (
            kernel * cin**0.5
        )
        state[f"{name}.conv2d.bias"] = torch.randn(cout, generator=generator)

    def norm(name, c):
        state[f"{name}.weight"] = 1 + 0.3 * torch.randn(c, generator=generator)
        state[f"{name}.bias"] = 0.3 * torch.randn(c, generator=generator)

    w = width
    layers = [(channels + 1, w, 9), (w, 2 * w, 3), (2 * w, 4 * w, 3)]
    for k, (cin, cout, kernel) in enumerate(layers, 1):
        conv(f"conv{k}", cin, cout, kernel)
        norm(f"in{k}", cout)
    for k in range(1, 6):
        for part in (1, 2):
            conv(f"res{k}.conv{part}", 4 * w + k, 4 * w + k, 3)
            norm(f"res{k}.in{part}", 4 * w + k)
    conv("deconv1", 4 * w + used_blocks, 2 * w, 3)
    norm("in4", 2 * w)
    conv("deconv2", 2 * w, w, 3)
    norm("in5", w)
    conv("deconv3", w, channels, 9)
    return {name: value.double() for name, value in state.items()}


def plain(state: dict, x: torch.Tensor, noises: list[torch.Tensor]) -> torch.Tensor:
    """The published layers, one after the other."""

    def conv(name, y, stride=1):
        weight = state[f"{name}.conv2d.weight"]
        y = F.pad(y, [weight.shape[-1] // 2] * 4, mode="reflect")
        return F.conv2d(y, weight, state[f"{name}.conv2d.bias"], stride)

    def norm(name, y):
        return F.instance_norm(y, weight=state[f"{name}.weight"], bias=state[f"{name}.bias"])

    y = torch.cat([x, noises[0]], 1)
    for k, stride in ((1, 1), (2, 2), (3, 2)):
        y = norm(f"in{k}", conv(f"conv{k}", y, stride)).relu()
    for k, noise in enumerate(noises[1:], 1):
        y = torch.cat([y, noise], 1)
        h = norm(f"res{k}.in1", conv(f"res{k}.conv1", y)).relu()
        y = norm(f"res{k}.in2", conv(f"res{k}.conv2", h)) + y
    for k in (1, 2):
        y = F.interpolate(y, scale_factor=2, mode="nearest")
        y = norm(f"in{k + 3}", conv(f"deconv{k}", y)).relu()
    return conv("deconv3", y)


@pytest.mark.parametrize(
    ("channels", "size", "blocks", "width"),
    [(3, (32, 32), 3, 32), (1, (64, 48), 3, 32), (2, (8, 12), 5, 16), (4, (20, 16), 0, 8), (3, (32, 32), 1, 20)],
)
def test_outputs_equal_the_plain_rendering(channels, size, blocks, width, generator):
    state = published_state(channels, generator, blocks, width)
    viewmaker = viewmaker_from_published(state, budget=0.05, clamp=None).double()
    x = torch.rand(3, channels, *size, generator=generator, dtype=torch.float64)
    params = viewmaker.sample(x, generator)
    y = plain(state, x, list(params.values()))
    torch.testing.assert_close(viewmaker.network(x, list(params.values())), y, atol=1e-8, rtol=1e-8)
    # 1e-7: the Viewmaker keeps its budget as a float32 number.
    torch.testing.assert_close(viewmaker.transform(x, params), x + project_l1(y, 0.05), atol=1e-7, rtol=0)


@pytest.mark.parametrize("size", [(8, 8), (16, 28)])
def test_gradients_equal_those_of_the_plain_rendering(size, generator):
    """With respect to the input, the noise and the weights of every kind of layer."""
    state = {name: value.requires_grad_() for name, value in published_state(3, generator).items()}
    viewmaker = viewmaker_from_published(state).double()
    x = torch.rand(4, 3, *size, generator=generator, dtype=torch.float64, requires_grad=True)
    noises = [noise.double().requires_grad_() for noise in viewmaker.sample(x, generator).values()]
    cotangent = torch.randn(x.shape, generator=generator, dtype=x.dtype)

    loss = (plain(state, x, noises) * cotangent).sum()
    expected = torch.autograd.grad(loss, [x, *noises, *state.values()], allow_unused=True)
    by_name = dict(zip(["x", *range(4), *state], expected, strict=True))
    ours = dict(viewmaker.network.named_parameters())
    found = torch.autograd.grad((viewmaker.network(x, noises) * cotangent).sum(), [x, *noises, *ours.values()])
    found = dict(zip(["x", *range(4), *ours], found, strict=True))

    pairs = {
        "x": "x", 0: 0, 3: 3, "stem.conv.weight": "conv1.conv2d.weight", "stem.norm.weight": "in1.weight",
        "down2.conv.weight": "conv3.conv2d.weight", "blocks.0.first.conv.weight": "res1.conv1.conv2d.weight",
        "blocks.2.second.conv.weight": "res3.conv2.conv2d.weight", "blocks.1.first.norm.weight": "res2.in1.weight",
        "blocks.1.second.norm.weight": "res2.in2.weight", "up1.conv.weight": "deconv1.conv2d.weight",
        "up2.conv.weight": "deconv2.conv2d.weight", "up2.norm.bias": "in5.bias",
        "out.weight": "deconv3.conv2d.weight", "out.bias": "deconv3.conv2d.bias",
    }  # fmt: skip
    for name, published in pairs.items():
        scale = by_name[published].abs().max()
        torch.testing.assert_close(found[name] / scale, by_name[published] / scale, atol=1e-7, rtol=0, msg=str(name))


def test_biases_in_front_of_the_norms_have_no_effect(generator):
    """Why they don't exist here."""
    state = published_state(2, generator)
    x = torch.rand(2, 2, 12, 12, generator=generator).double()
    noises = [torch.rand(2, 1, *((12, 12) if k == 0 else (3, 3)), generator=generator).double() for k in range(4)]
    without = {
        name: torch.zeros_like(value) if name.endswith("conv2d.bias") and "deconv3" not in name else value
        for name, value in state.items()
    }
    torch.testing.assert_close(plain(without, x, noises), plain(state, x, noises), atol=1e-8, rtol=1e-8)


def test_a_prefix_is_taken_off_and_unused_blocks_are_left_out(generator):
    state = {f"viewmaker.{name}": value for name, value in published_state(3, generator).items()}
    viewmaker = viewmaker_from_published(state, prefix="viewmaker.")
    assert len(viewmaker.network.blocks) == 3
    published = sum(value.numel() for name, value in state.items() if "res4" not in name and "res5" not in name)
    dead = 32 + 64 + 128 + 2 * (129 + 130 + 131) + 64 + 32  # biases
    assert sum(p.numel() for p in viewmaker.parameters()) == published - dead


def test_weights_of_another_layout_are_an_error(generator):
    state = published_state(3, generator)
    with pytest.raises(ValueError, match="resnet"):
        viewmaker_from_published({"resnet.weight": torch.ones(1)})
    with pytest.raises(ValueError, match=r"res2\.in1\.weight"):
        viewmaker_from_published({name: value for name, value in state.items() if name != "res2.in1.weight"})
    with pytest.raises(ValueError, match=r"in5\.bias"):
        viewmaker_from_published({**state, "in5.bias": torch.zeros(31)})


def test_the_loaded_weights_are_a_copy(generator):
    state = published_state(1, generator)
    viewmaker = viewmaker_from_published(state)
    state["conv1.conv2d.weight"].zero_()
    assert viewmaker.network.stem.conv.weight.abs().sum() > 0
    assert isinstance(viewmaker, Viewmaker)
