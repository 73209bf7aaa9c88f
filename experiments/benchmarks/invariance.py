"""Measures of invariance: the permutation null at the size of a real evaluation, and the released way of computing."""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.measure import Speed, compare
from viewlearn.evaluation.invariance import RepresentationInvariance, SetLayout, permutation_test
from viewlearn.evaluation.invariance.score import Version


def rows(quick: bool) -> Iterator[Speed]:
    num_images, num_units, permutations = (2000, 512, 20) if quick else (10_000, 2048, 100)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(num_images, num_units, generator=generator)
    sets = torch.arange(num_images) // 10
    layout = SetLayout.of(sets // 50, sets)
    size = f"{num_images:,} × {num_units:,}"
    versions: tuple[Version, ...] = ("released", "formula")
    for version in versions:

        def measure(version: Version = version) -> object:
            return permutation_test(RepresentationInvariance(features, layout, version), permutations)

        timing = compare({"ours": measure}, repeats=3, warmup=0)["ours"]
        what = f"RIS {version}, {size}, {permutations} permutations"
        yield Speed(
            "invariance", what, str(timing), "a bar of 30 s", 30 / timing.median, "≥ 1", "on one thread or more"
        )
    once = compare(
        {
            "ours": lambda: RepresentationInvariance(features, layout, "released").scores(),
            "peer": lambda: _set_by_set(features.numpy(), layout),
        },
        repeats=3,
        warmup=0,
    )
    ratio = once["peer"].median / once["ours"].median
    note = "peer: sorts, then set by set, as the released code does; ours also prepares what permutations share"
    yield Speed("invariance", f"RIS released, {size}, once", str(once["ours"]), str(once["peer"]), ratio, "—", note)


def _set_by_set(features: np.ndarray, layout: SetLayout) -> float:
    rate = max(1 / layout.num_classes, 0.05)
    place = int(len(features) * (1 - rate))
    ordered = np.sort(features, axis=0)
    above, below = ordered[place], ordered[len(features) - 1 - place]
    everywhere = (features >= above).mean(0)
    sets, classes = layout.set_of_image.numpy(), layout.class_of_set.numpy()
    total, count = np.zeros((2, layout.num_classes, features.shape[1]))
    for number in range(layout.num_sets):
        mine = features[sets == number]
        firing = np.maximum((mine > above).sum(0), (mine < below).sum(0))
        total[classes[number]] += firing / len(mine)
        count[classes[number]] += firing > 0
    invariances = np.sort(total / np.maximum(count, 1) / everywhere, axis=1)
    return float(invariances[:, -10:].mean() * 100 * rate)
