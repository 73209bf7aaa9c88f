"""What the views look and sound like."""

from collections.abc import Sequence

import torch
from torch import Tensor

from viewlearn.report.blocks import Block, Gap, Section, Text, Tile, TileGrid, tabs
from viewlearn.report.media import image_uri, map_uri, wav_uri
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import each_run
from viewlearn.views import Compose, pipeline

Viewed = tuple[Tensor | None, Tensor]  # waveforms before the front end, if views act on them; the encoder's input
NUM_SAMPLES = 6
NUM_VIEWS = 3
AMPLIFICATION = 5


def section(runs: Sequence[RunReader]) -> Section:
    """Shows the same samples under each run's views."""
    return Section("views", "What the views do", tabs("Views of run", each_run(runs, _blocks)), "Views")


@torch.no_grad()
def _blocks(run: RunReader) -> list[Block]:
    parts = run.parts
    data, views = parts.data, parts.method.views
    x, labels = run.samples(NUM_SAMPLES, seed=1)
    device = next((p.device for p in parts.method.parameters()), torch.device("cpu"))
    clean = pipeline(data.decode, data.front_end).to(device)(x.to(device)).float().cpu()
    generator = torch.Generator().manual_seed(1)
    training = views.training
    views.eval()
    drawn = [_transform(views, x.to(device), generator) for _ in range(NUM_VIEWS)]
    views.train(training)
    names = [_label(i, labels, data.spec.tasks) for i in range(len(x))]
    if data.spec.sample_rate:
        return _sounds(run, x, clean, drawn, names, data.spec.sample_rate)
    return [_images(clean, [view for _, view in drawn], names)]


def _transform(views: Compose, x: Tensor, generator: torch.Generator) -> Viewed:
    params = views.sample(x, generator)
    waveform, changed = None, False
    for name, view in views.entries.items():
        if name == "front_end" and changed:
            waveform = x
        changed = changed or (view.stage == "natural" and name not in ("decode", "front_end"))
        x = view.transform(x, params[name])
    return (None if waveform is None else waveform.float().cpu()), x.float().cpu()


def _images(clean: Tensor, drawn: list[Tensor], names: list[str]) -> Block:
    same = drawn[0].shape == clean.shape
    head = ["", "original", *(f"view {i + 1}" for i in range(len(drawn)))]
    if same:
        head += [f"{AMPLIFICATION}× change {i + 1}" for i in range(len(drawn))]
    rows = []
    for i, name in enumerate(names):
        tiles = [Tile(image_uri(clean[i]), f"original: {name}")]
        tiles += [Tile(image_uri(view[i]), f"a view of {name}") for view in drawn]
        if same:
            tiles += [
                Tile(image_uri(0.5 + AMPLIFICATION * (v[i] - clean[i])), f"its difference, {name}") for v in drawn
            ]
        rows.append((name, tiles))
    return TileGrid(head, rows, f"Test samples, their views, and {AMPLIFICATION}× (view − original) around gray")


def _sounds(run: RunReader, x: Tensor, clean: Tensor, drawn: list[Viewed], names: list[str], rate: int) -> list[Block]:
    decoded = run.parts.data.decode(x).float().cpu()
    originals = [wav_uri(wave.sum(0, keepdim=True), rate) for wave in decoded]
    values = clean.flatten()[:: max(1, clean.numel() // 100_000)]
    low, high = torch.quantile(values, torch.tensor([0.01, 0.99])).tolist()
    span = (high - low) / 4
    same = drawn[0][1].shape == clean.shape
    rows, changes = [], []
    for i, name in enumerate(names):
        tiles = [Tile(map_uri(clean[i, 0], low, high), f"original: {name}", audio=originals[i])]
        for waveform, view in drawn:
            audio = "" if waveform is None else wav_uri(waveform[i].sum(0, keepdim=True), rate)
            tiles.append(Tile(map_uri(view[i, 0], low, high), f"a view of {name}", audio=audio))
        rows.append((name, tiles))
        if same:
            changes.append(
                (
                    name,
                    [
                        Tile(map_uri(v[i, 0] - clean[i, 0], -span, span, "coolwarm"), f"difference, {name}")
                        for _, v in drawn
                    ],
                )
            )
    numbers = [f"view {i + 1}" for i in range(len(drawn))]
    seconds = decoded.shape[-1] / rate
    caption = f"Log-mel spectrograms: time from left to right (0 to {seconds:.2f} s), mel bands from low to high"
    scale = (f"{low:.1f}", f"{high:.1f} (as the encoder reads it, standard deviations)", "magma")
    blocks: list[Block] = [TileGrid(["", "original", *numbers], rows, caption, scale)]
    if drawn[0][0] is None:
        blocks.append(Text("These views act on the spectrogram alone, so only the originals can be played."))
    if changes:
        scale = (f"{-span:.1f}", f"+{span:.1f} (view − original)", "coolwarm")
        blocks.append(TileGrid(["", *numbers], changes, "What the views change", scale))
    else:
        blocks.append(Gap("the views have another shape than the originals, so there are no differences"))
    return blocks


def _label(i: int, labels: dict[str, Tensor], tasks: dict[str, tuple[str, ...]]) -> str:
    names = [tasks[task][int(y[i])] if y[i] >= 0 else "?" for task, y in labels.items()]
    return ", ".join(names) or f"sample {i + 1}"
