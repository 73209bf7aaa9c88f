"""The pictures of a run."""

from pathlib import Path

import torch

from viewlearn.data import Data, take
from viewlearn.plots import save_loss_curves, save_views_gallery
from viewlearn.runs.folder import RunFolder
from viewlearn.sampling import subset
from viewlearn.views import Compose, pipeline

NUM_SAMPLES = 8


@torch.no_grad()
def draw_figures(folder: RunFolder, data: Data, views: Compose, device: torch.device, seed: int = 0) -> list[Path]:
    """Draws the views gallery and the curves of what was logged.

    Args:
        folder: of the run, with its ``metrics.jsonl``.
        data: of the run; samples of its test split are shown.
        views: the run's pipeline.
        device: where the views are.
        seed: of which samples, and of the views' draws.

    Returns:
        the figures' paths.
    """
    dataset = data.split("test")
    generator = torch.Generator().manual_seed(seed)
    x = take(dataset, subset(len(dataset), NUM_SAMPLES, generator)).x.to(device)
    clean = pipeline(data.decode, data.front_end)(x).float().cpu()
    training = views.training
    views.eval()
    drawn = [views(x, generator).float().cpu() for _ in range(2)]
    views.train(training)
    kind = "spectrogram" if data.spec.sample_rate else "image"
    gallery = save_views_gallery(folder.figures / "views.png", clean, drawn, kind=kind, title="Views of test samples")
    chance = {task: 1 / len(names) for task, names in data.spec.tasks.items()}
    return [gallery, save_loss_curves(folder.figures / "curves.png", folder.metrics, chance=chance)]
