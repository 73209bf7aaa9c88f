"""The region tracker: speed with proposals included, and how often it holds on to rendered solids."""

from collections.abc import Iterator

import torch
from torchvision.ops import box_iou

from benchmarks.measure import Speed, compare

SEEDS = range(300, 320)  # of clips that nothing was tuned on


def rows(quick: bool) -> Iterator[Speed]:
    try:
        from vision.video.rendered import render_clip
        from vision.video.tracking import RegionTracker

        tracker = RegionTracker()
    except ValueError as error:
        yield Speed("tracker", "frames per second", "—", "—", None, "≥ 10", str(error))
        return
    clip = render_clip(3, 12 if quick else 50, (272, 640), object_size=80, seed=0).clip
    timing = compare({"ours": lambda: tracker(clip)}, repeats=2 if quick else 3, warmup=0)["ours"]
    speed = len(clip) / timing.median
    note = "frames in memory; proposals, flow and features included"
    yield Speed("tracker", "640 × 272, 3 solids", f"{speed:.1f} frames/s", "a bar of 10", speed / 10, "≥ 1", note)
    held, through, seeds = 0, 0, SEEDS[:2] if quick else SEEDS
    for seed in seeds:
        truth = render_clip(seed=seed)
        boxes, visible = truth.boxes[:, 0], truth.visible[:, 0]
        best = torch.zeros(len(boxes))
        for track in tracker(truth.clip):
            iou = torch.zeros(len(boxes))
            iou[track.start : track.stop] = box_iou(track.boxes, boxes[track.start : track.stop]).diagonal()
            best = max(best, iou, key=lambda values: float(values.mean()))
        held += bool(best[visible > 0.9].mean() >= 0.6)
        hidden = (visible < 0.5).nonzero().squeeze(1)
        through += bool(best[: int(hidden[0])].mean() >= 0.6 and best[int(hidden[-1]) + 1 :].mean() >= 0.6)
    what = f"rendered solids, of {len(seeds)}: IoU ≥ 0.6 where visible"
    yield Speed("tracker", what, str(held), "—", None, "—", f"before and after the pillar, each: {through}")
