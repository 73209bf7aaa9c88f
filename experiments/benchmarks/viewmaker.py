"""The Viewmaker beside a plain rendering of the published layers: one view and its backward pass."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.measure import Speed, compare, fastest_device
from viewlearn.training.hardware import native_bf16
from viewlearn.views import Viewmaker, viewmaker_from_published


class PlainConv(nn.Module):
    """Reflection padding and a convolution, nearest-neighbor upsampling before them where asked."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, upsample: int = 1):
        super().__init__()
        self.upsample = upsample
        self.pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(in_channels, out_channels, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        return self.conv2d(self.pad(x))


class PlainBlock(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.conv2 = PlainConv(channels, channels, 3), PlainConv(channels, channels, 3)
        self.in1, self.in2 = nn.InstanceNorm2d(channels, affine=True), nn.InstanceNorm2d(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class PlainViewmaker(nn.Module):
    """The published layers, one after the other, channels first; its weights bear the published names."""

    def __init__(self, channels: int, budget: float = 0.05):
        super().__init__()
        self.budget = budget
        self.conv1, self.conv2, self.conv3 = (
            PlainConv(channels + 1, 32, 9), PlainConv(32, 64, 3, stride=2), PlainConv(64, 128, 3, stride=2)
        )  # fmt: skip
        self.res1, self.res2, self.res3 = (PlainBlock(128 + k) for k in (1, 2, 3))
        self.deconv1, self.deconv2 = PlainConv(131, 64, 3, upsample=2), PlainConv(64, 32, 3, upsample=2)
        self.deconv3 = PlainConv(32, channels, 9)
        self.in1, self.in2, self.in3, self.in4, self.in5 = (
            nn.InstanceNorm2d(width, affine=True) for width in (32, 64, 128, 64, 32)
        )

    def forward(self, x: Tensor, params: dict[str, Tensor]) -> Tensor:
        y = torch.cat([x, params["noise0"]], dim=1)
        y = F.relu(self.in1(self.conv1(y)))
        y = F.relu(self.in2(self.conv2(y)))
        y = F.relu(self.in3(self.conv3(y)))
        for k, block in enumerate((self.res1, self.res2, self.res3), start=1):
            y = block(torch.cat([y, params[f"noise{k}"]], dim=1))
        y = F.relu(self.in4(self.deconv1(y)))
        y = F.relu(self.in5(self.deconv2(y)))
        delta = torch.tanh(self.deconv3(y))
        delta = self.budget * delta / (delta.abs().mean((1, 2, 3), keepdim=True) + 1e-4)
        return (x + delta).clamp(0, 1)


def rows(quick: bool) -> Iterator[Speed]:
    device = fastest_device()
    bf16 = native_bf16(device)
    for size, batch in ((32, 256), (64, 64)):
        batch = 16 if quick else batch
        plain = PlainViewmaker(channels=3).to(device)
        published = viewmaker_from_published(plain.state_dict()).to(device)
        compact = Viewmaker(channels=3).to(device)
        x = torch.rand(batch, 3, size, size, device=device)
        params, compact_params = published.sample(x), compact.sample(x)
        difference = (published.transform(x, params) - plain(x, params)).abs().max().item()
        functions = {
            "plain": _step(lambda plain=plain, x=x, p=params: plain(x, p), device, False),
            "published": _step(lambda v=published, x=x, p=params: v.transform(x, p), device, False),
            "compact": _step(lambda v=compact, x=x, p=compact_params: v.transform(x, p), device, bf16),
        }
        if bf16:
            functions["plain bf16"] = _step(lambda plain=plain, x=x, p=params: plain(x, p), device, True)
            functions["published bf16"] = _step(lambda v=published, x=x, p=params: v.transform(x, p), device, True)
        timings = compare(functions, repeats=3 if quick else 11)
        where = f"{size} px, batch {batch}"

        def row(what, ours, peer, target, note, timings=timings, where=where):
            ratio = timings[peer].median / timings[ours].median
            return Speed("viewmaker", f"{what}, {where}", str(timings[ours]), str(timings[peer]), ratio, target, note)

        yield row("published float32", "published", "plain", "≥ 1.5", f"same weights, views differ by {difference:.0e}")
        precision = "bfloat16" if bf16 else "float32 (no native bfloat16)"
        yield row(f"compact {precision}", "compact", "plain", "≥ 4", "peer: published layers, float32")
        if bf16:
            yield row("compact bfloat16", "compact", "plain bf16", "", "peer: published layers, bfloat16")
            yield row("published bfloat16", "published bf16", "plain bf16", "", "peer in bfloat16 too")


def _step(view: Callable[[], Tensor], device: torch.device, bf16: bool) -> Callable[[], None]:
    """A view and the gradients of all weights; x needs none, as it is data."""

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            y = view()
        y.float().square().mean().backward()

    return step
