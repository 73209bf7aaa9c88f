"""Where the encoder puts the samples: a map colored by each task, and nearest neighbors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor, nn

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.probes import Extraction, extract_features, nearest_neighbors
from viewlearn.plots.figure import GRAY, blank, new_figure
from viewlearn.report.blocks import Block, Chart, Charts, Gap, Section, Tile, TileGrid, tabs
from viewlearn.report.media import image_uri, map_uri, themed_svg, wav_uri
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import each_run, identifier
from viewlearn.threads import bounded_threads
from viewlearn.views import pipeline

NUM_POINTS = 600
NUM_CANDIDATES = 2_000
NUM_QUERIES = 5
NUM_NEIGHBORS = 6


@dataclass(frozen=True)
class Embedded:
    """Test samples and their features.

    Args:
        clean: Samples as the encoder reads them.
        features: Features ``(num_samples, num_features)``.
        labels: Labels ``(num_samples,)`` by task; −1 where a sample is unlabeled.
        audio: The first samples as data URIs of WAV files; none of images.
    """

    clean: Tensor
    features: Tensor
    labels: dict[str, Tensor]
    audio: list[str]


def sections(runs: Sequence[RunReader]) -> list[Section]:
    """Makes map and neighbors, from features that are computed once."""
    made: dict[int, Embedded] = {}

    def embedded(run: RunReader) -> Embedded:
        if run.index not in made:
            made[run.index] = _embed(run)
        return made[run.index]

    maps = each_run(runs, lambda run: _map(run, embedded(run)))
    near = each_run(runs, lambda run: _neighbors(run, embedded(run)))
    return [
        Section("map", "Embedding map", tabs("Map of run", maps), "Map"),
        Section("neighbors", "Nearest neighbors", tabs("Neighbors of run", near), "Neighbors"),
    ]


def _embed(run: RunReader) -> Embedded:
    encoder, data = run.encoder, run.data
    x, labels = run.samples(NUM_CANDIDATES)
    device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
    clean = pipeline(data.decode, data.front_end)
    features = extract_features(encoder, ArrayDataset(x), clean, Extraction(device=device)).x
    shown = min(len(x), NUM_CANDIDATES)
    with torch.no_grad():
        seen = torch.cat([clean(part.to(device)).float().cpu() for part in x[:shown].split(256)])
    audio = []
    if data.spec.sample_rate is not None:
        decoded = data.decode.cpu()(x[:NUM_QUERIES])
        audio = [wav_uri(wave.sum(0, keepdim=True), data.spec.sample_rate) for wave in decoded]
    return Embedded(seen, features, labels, audio)


def _map(run: RunReader, embedded: Embedded) -> list[Block]:
    if not embedded.labels:
        return [Gap(f"{run.name}: the data has no labeled task to color a map by")]
    features = nn.functional.normalize(embedded.features[:NUM_POINTS], dim=1).numpy()
    if len(features) < 10:
        return [Gap(f"{run.name}: {len(features)} test samples are too few for a map")]
    perplexity = min(30, (len(features) - 1) / 3)
    from sklearn.manifold import TSNE  # here, since loading it takes longer than a help text should

    with bounded_threads():
        points = TSNE(metric="cosine", init="pca", random_state=0, perplexity=perplexity).fit_transform(features)
    charts = [_scatter(run, task, points, embedded.labels[task][:NUM_POINTS]) for task in embedded.labels]
    caption = (
        f"t-SNE (cosine distance, perplexity {perplexity:g}) of {len(points)} test samples: neighborhoods mean "
        "something, distances between clusters and the axes don't."
    )
    return [Charts(charts, caption)]


def _scatter(run: RunReader, task: str, points: np.ndarray, labels: Tensor) -> Chart:
    classes = run.data.spec.tasks[task]
    figure = new_figure(4.4, 4.0)
    axes = blank(figure.subplots())
    palette = colormaps["tab10" if len(classes) <= 10 else "tab20" if len(classes) <= 20 else "turbo"]
    for label in [-1, *range(len(classes))]:
        mine = (labels == label).numpy()
        if mine.any():
            spread = label / max(1, len(classes) - 1)
            color = GRAY if label < 0 else palette(label if len(classes) <= 20 else spread)
            name = "unlabeled" if label < 0 else classes[label]
            axes.scatter(*points[mine].T, s=7, color=color, label=name, linewidths=0)
    if len(classes) <= 30:
        columns = 5 if max(map(len, classes)) < 9 else 3
        axes.legend(
            fontsize=7.5, frameon=False, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, 0), markerscale=2
        )
    return Chart(
        themed_svg(figure, f"map{run.index}-{identifier(task)}"),
        f"{run.name}, colored by {task}",
        f"a two-dimensional map of the embedding of {run.name} with the classes of {task} as colors",
    )


def _neighbors(run: RunReader, embedded: Embedded) -> list[Block]:
    count = min(NUM_QUERIES, len(embedded.features) - 1)
    k = min(NUM_NEIGHBORS, len(embedded.features) - 1)
    indices, similarity = nearest_neighbors(
        embedded.features[:count], embedded.features, k, exclude=torch.arange(count)
    )
    tasks = list(embedded.labels) or [""]
    panels = [
        (f"marks: {task}" if task else "no labels", [_grid(run, embedded, task, indices, similarity)]) for task in tasks
    ]
    return tabs(f"Task of the marks, {run.name}", panels)


def _grid(run: RunReader, embedded: Embedded, task: str, indices: Tensor, similarity: Tensor) -> Block:
    classes, labels = run.data.spec.tasks.get(task, ()), embedded.labels.get(task)

    def name(i: int) -> str:
        return classes[int(labels[i])] if labels is not None and labels[i] >= 0 else "unlabeled"

    def tile(i: int, **details: str) -> Tile:
        return Tile(_picture(embedded, i), f"sample {i}, {name(i)}", **details)

    rows = []
    for query, near in enumerate(indices.tolist()):
        tiles = [tile(query, note="query", audio=embedded.audio[query] if embedded.audio else "")]
        for place, i in enumerate(near):
            mark = "" if labels is None else "right" if labels[i] == labels[query] else "wrong"
            tiles.append(tile(i, note=f"{name(i)}, {similarity[query, place]:.2f}", mark=mark))
        rows.append((name(query), tiles))
    head = ["", "query", *(f"{place + 1}" for place in range(indices.shape[1]))]
    caption = f"Nearest of {len(embedded.features) - 1:,} other test samples, by cosine similarity"
    if task:
        caption += f"; ✓ and a full frame: the query's class of {task}, ✗ and a dashed one: another"
    return TileGrid(head, rows, caption)


def _picture(embedded: Embedded, i: int) -> str:
    x = embedded.clean[i]
    if not embedded.audio and x.shape[0] in (1, 3):
        return image_uri(x)
    low, high = torch.quantile(embedded.clean[:100].flatten()[:100_000], torch.tensor([0.01, 0.99])).tolist()
    return map_uri(x[0], low, high)
