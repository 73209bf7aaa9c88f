"""What the views look and sound like, what they change, and what they decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from viewlearn.evaluation.frozen import device_of, evaluation_mode
from viewlearn.methods import LooC, Method, MoCo, SimCLR
from viewlearn.plots.decisions import Decided, drawable
from viewlearn.report.blocks import Block, Gap, Scale, Section, Sounds, Text, Tile, TileGrid, tabs
from viewlearn.report.media import figure_uri, image_uri, map_uri, wav_uri
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import each_run
from viewlearn.views import Compose, Params, pipeline

NUM_SAMPLES = 8
MOST_KINDS = 4  # of decisions that have a column


@dataclass(frozen=True)
class Drawn:
    """One view of each sample.

    Args:
        waveform: Waveforms before the front end, if views act on them.
        view: What the encoder reads.
        decided: What each entry decided.
    """

    waveform: Tensor | None
    view: Tensor
    decided: list[Decided]

    def channels(self, chosen: slice) -> "Drawn":
        """The same of some channels."""
        decided = [Decided(each.name, each.x[:, chosen], each.resolved) for each in self.decided]
        return Drawn(self.waveform, self.view[:, chosen], decided)


def section(runs: Sequence[RunReader]) -> Section:
    """Shows the same samples under each run's views."""
    return Section("views", "What the views do", tabs("Views of run", each_run(runs, _blocks)), "Views")


@torch.no_grad()
def _blocks(run: RunReader) -> list[Block]:
    parts = run.parts
    data, views = parts.data, parts.method.views
    x, labels = run.samples(NUM_SAMPLES, seed=1)
    device = device_of(parts.method)
    clean = pipeline(data.decode, data.front_end).to(device)(x.to(device)).float().cpu()
    with evaluation_mode(parts.method):
        drawn = [_draw(views, x.to(device), params) for params in _pair(parts.method, x.to(device))]
    names = [_label(i, labels, data.spec.tasks) for i in range(len(x))]
    if data.spec.sample_rate:
        return _sounds(run, x, clean, drawn, names, data.spec.sample_rate)
    own = slice(0, data.spec.own_channels)  # not of a code behind the colors
    return [_images(clean[:, own], [each.channels(own) for each in drawn], names)]


def _pair(method: Method, x: Tensor) -> tuple[Params, Params]:
    """Draws parameters of two views, chosen among candidates where the views choose, by these samples' scores."""
    generator = torch.Generator().manual_seed(1)
    first, second = (method.views.sample(x, generator) for _ in range(2))
    if isinstance(method, SimCLR):
        return method.choose(x, first, second)
    if isinstance(method, MoCo | LooC):
        return method.choose(x, first, generator), method.choose(x, second, generator)
    return first, second


def _draw(views: Compose, x: Tensor, params: Params) -> Drawn:
    waveform, changed, decided = None, False, []
    for name, view in views.entries.items():
        if name == "front_end" and changed:
            waveform = x
        changed = changed or (view.stage == "natural" and name not in ("decode", "front_end"))
        decided.append(Decided(name, x, view.resolve(x, params[name])))
        x = view.transform(x, params[name])
    return Drawn(None if waveform is None else waveform.float().cpu(), x.float().cpu(), decided)


def _images(clean: Tensor, drawn: list[Drawn], names: list[str]) -> TileGrid:
    views = [each.view for each in drawn]
    low, high = _span([clean, *views], 0.0, 1.0)
    same = views[0].shape == clean.shape
    changes = _changes(clean, views)
    most = max((float(change.max()) for change in changes), default=0.0)
    if most == 0:
        changes = []
    head, columns = ["", "original"], [[_image(x, low, high) for x in clean]]
    for number, view in enumerate(views):
        head.append(f"view {number + 1}")
        columns.append([_image(x, low, high) for x in view])
        if changes:
            head.append(f"change {number + 1}")
            columns.append([map_uri(x.flip(0), 0, most, "inferno") for x in changes[number]])
    for name, pictures in _decisions(drawn[0], low_first=False):
        head.append(f"view 1, {name}")
        columns.append(pictures)
    rows = [
        (name, [Tile(column[i], f"{title}: {name}") for title, column in zip(head[1:], columns, strict=True)])
        for i, name in enumerate(names)
    ]
    caption = f"{len(names)} test samples and two views of each"
    scales = []
    if same and not changes:
        caption += ", which change nothing"
    if changes:
        caption += "; beside each view, how much it changes every pixel, on one scale for all"
        scales.append(Scale("0", f"{most:.2g} = the largest |view − original|, mean over colors", "inferno"))
    if (low, high) != (0.0, 1.0):
        caption += f"; black is {low:.2g} and white {high:.2g}, as views leave [0, 1]"
    return TileGrid(head, rows, caption, scales, size=10)


def _image(x: Tensor, low: float, high: float) -> str:
    shown = x if x.shape[0] in (1, 3) else x.mean(0, keepdim=True)
    return image_uri((shown - low) / max(high - low, 1e-12))


def _changes(clean: Tensor, views: Sequence[Tensor]) -> list[Tensor]:
    """Mean |view − original| over channels of each pixel or bin; nothing where shapes differ."""
    return [(view - clean).abs().mean(1) for view in views] if views[0].shape == clean.shape else []


def _span(tensors: Sequence[Tensor], low: float = float("inf"), high: float = float("-inf")) -> tuple[float, float]:
    """The range of all values, and of the given one; a rounding error beyond that doesn't widen it."""
    least, most = min(float(x.min()) for x in tensors), max(float(x.max()) for x in tensors)
    return (low if least >= low - 0.005 else least), (high if most <= high + 0.005 else most)


def _decisions(drawn: Drawn, low_first: bool) -> list[tuple[str, list[str]]]:
    """A column of pictures for each kind of decision that can be drawn."""
    kinds = [each for decided in drawn.decided for each in drawable(decided)][:MOST_KINDS]
    columns = []
    for kind in kinds:
        pictures = []
        for row in range(len(kind.values)):
            figure = Figure(figsize=(1.6, 1.6))
            kind.draw(figure.add_axes((0.2, 0.08, 0.76, 0.86) if kind.has_axis else (0, 0, 1, 1)), row, low_first)
            pictures.append(figure_uri(figure))
        columns.append((kind.name, pictures))
    return columns


def _sounds(run: RunReader, x: Tensor, clean: Tensor, drawn: list[Drawn], names: list[str], rate: int) -> list[Block]:
    decoded = run.parts.data.decode(x).float().cpu()
    views = [each.view for each in drawn]
    low, high = _span([clean, *views])
    changes = [view - clean for view in views] if views[0].shape == clean.shape else []
    most = max((float(change.abs().max()) for change in changes), default=0.0)
    samples = []
    for i, name in enumerate(names):
        sound = wav_uri(decoded[i].sum(0, keepdim=True), rate)
        tiles = [Tile(map_uri(clean[i, 0], low, high), f"original: {name}", "original", audio=sound)]
        for number, each in enumerate(drawn):
            audio = "" if each.waveform is None else wav_uri(each.waveform[i].sum(0, keepdim=True), rate)
            title = f"view {number + 1}"
            tiles.append(Tile(map_uri(each.view[i, 0], low, high), f"{title} of {name}", title, audio=audio))
            if changes:
                picture = map_uri(changes[number][i, 0], -most, most, "coolwarm")
                tiles.append(Tile(picture, f"change by view {number + 1}, {name}", f"change {number + 1}"))
        samples.append((name, tiles))
    scales = [Scale(f"{low:.1f}", f"{high:.1f} (as the encoder reads it, in standard deviations)", "magma")]
    if changes:
        scales.append(Scale(f"{-most:.1f}", f"+{most:.1f} (view − original)", "coolwarm"))
    caption = f"{len(names)} test samples and two views of each, as log-mel spectrograms: low bands at the bottom"
    blocks: list[Block] = [Sounds(samples, decoded.shape[-1] / rate, caption, scales)]
    if drawn[0].waveform is None:
        blocks.append(Text("These views act on the spectrogram alone, so only the originals can be played."))
    if not changes:
        blocks.append(Gap("the views have another shape than the originals, so there are no differences"))
    decisions = _decisions(drawn[0], low_first=True)
    if decisions:
        head = ["", *(f"view 1, {name}" for name, _ in decisions)]
        rows = [(n, [Tile(p[i], f"{title}: {n}") for title, p in decisions]) for i, n in enumerate(names)]
        blocks.append(TileGrid(head, rows, "What the views decided", size=10))
    return blocks


def _label(i: int, labels: dict[str, Tensor], tasks: dict[str, tuple[str, ...]]) -> str:
    names = [tasks[task][int(y[i])] if y[i] >= 0 else "?" for task, y in labels.items()]
    return ", ".join(names) or f"sample {i + 1}"
