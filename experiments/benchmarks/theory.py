"""Speed of the linear model: closed-form diagrams, and hundreds of runs at once against one run after the other."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize

from benchmarks.measure import Speed, compare
from theory import FeatureGroup, GroupModel, InfoNCE, Optimization, phase_diagram, train
from theory.model.canonical import HOMOGENEOUS, HOMOGENEOUS_DIM
from theory.model.parameters import vary


def rows(quick: bool) -> Iterator[Speed]:
    """Three rows: 10,000 cells in closed form, and cosine InfoNCE at N = 128 and N = 32."""
    yield _diagram(quick)
    for batch_size, target in ((128, "≥ 8"), (32, "≥ 25")):
        yield _runs(batch_size, target, quick)


def _diagram(quick: bool) -> Speed:
    destroy, strength = ("A.destroy", np.linspace(0, 0.6, 100)), ("A.strength", np.linspace(1.1, 6, 100))
    times = compare(
        {"ours": lambda: phase_diagram(HOMOGENEOUS, destroy, strength, dim=HOMOGENEOUS_DIM)}, 5 if quick else 15
    )
    return Speed("theory", "closed-form phase diagram, 10,000 cells", str(times["ours"]), "—", None, "< 0.1 s")


def _runs(batch_size: int, target: str, quick: bool) -> Speed:
    """200 runs (10 cells x 20 seeds) x steps in d = 16, m = 8; the loop is timed on some of its runs and scaled up."""
    model = GroupModel([FeatureGroup("A", (6,) * 4), FeatureGroup("B", (1,) * 4)], noise_dims=8)
    numbers = vary(model, {"A.destroy": np.linspace(0, 0.9, 10)})
    num_runs, num_seeds, steps, looped = 200, 20, 60 if quick else 600, 2 if quick else 4
    loss = InfoNCE(0.2, batch_size=batch_size)

    def ours() -> None:
        train(model, loss, 8, Optimization(steps), parameters=numbers, num_seeds=num_seeds)

    def loop() -> None:
        for run in range(looped):
            _one_run(model, 0.9 * run / looped, batch_size, steps, seed=run)

    times = compare({"ours": ours, "loop": loop}, 2 if quick else 3, warmup=0 if quick else 1)
    whole = times["loop"].median * num_runs / looped
    return Speed(
        "theory",
        f"{num_runs} cosine InfoNCE runs x {steps} steps, N = {batch_size}",
        str(times["ours"]),
        f"a run at a time: {whole:.3g} s",
        whole / times["ours"].median,
        target,
        f"loop: torch autograd and Adam, {looped} runs timed",
    )


def _one_run(model: GroupModel, destroy: float, batch_size: int, num_steps: int, seed: int) -> None:
    """What one would write in PyTorch for a single run: sample, normalize, cross entropy, backward, Adam."""
    generator = torch.Generator().manual_seed(seed)
    strengths = torch.tensor([a for group in model.groups for a in group.strengths])
    encoder = torch.nn.Linear(model.input_dim, 8, bias=False)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    positive = torch.arange(batch_size)

    def view(latent: torch.Tensor) -> torch.Tensor:
        fresh = torch.randn(batch_size, 4, generator=generator)
        lost = torch.rand(batch_size, 1, generator=generator) < destroy
        features = torch.cat([torch.where(lost, fresh, latent[:, :4]), latent[:, 4:]], -1) * strengths
        noise = torch.randn(batch_size, model.input_dim, generator=generator)
        return noise + torch.nn.functional.pad(features, (0, model.noise_dims))

    for _ in range(num_steps):
        latent = torch.randn(batch_size, 8, generator=generator)
        z1, z2 = (normalize(encoder(view(latent)), dim=-1) for _ in "12")
        loss = cross_entropy(z1 @ z2.mT / 0.2, positive)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
