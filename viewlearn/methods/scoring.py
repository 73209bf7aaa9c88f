"""How hard candidate views are, for views that choose among several draws."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from viewlearn.losses.logsumexp import logsumexp_similarity
from viewlearn.views import Compose, Params, Tilted

SMALLEST_SIDE = 32  # of what can be scored at half resolution


def tilted_entry(views: Compose) -> str | None:
    """Returns the name of the entry that is ``Tilted``; None if there is none.

    Raises:
        ValueError: More than one, or one that is inside another view.
    """
    names = [name for name, view in views.entries.items() if isinstance(view, Tilted)]
    number = sum(isinstance(module, Tilted) for module in views.modules())
    if number > 1 or number != len(names):
        raise ValueError(f"{number} views are Tilted; one may be, as an entry of its own, and choose for all in it")
    return names[0] if names else None


def num_candidates(name: str | None, params: Params) -> int:
    """Returns how many candidates there are to choose from: 1 where nothing is to be scored."""
    return params[name]["score"].shape[1] if name is not None and "score" in params[name] else 1


def with_scores(name: str, params: Params, score: Tensor) -> Params:
    """Returns parameters with the scores ``(batch, K)`` of the candidates of an entry."""
    return {**params, name: {**params[name], "score": score}}


def candidate_views(views: Compose, name: str, x: Tensor, params: Params) -> Tensor:
    """Makes the view of x under every candidate: ``(K · batch, …)``, candidate after candidate, at scoring's size."""
    tilted = views[name]
    assert isinstance(tilted, Tilted)
    number = num_candidates(name, params)
    made = [views.transform(x, {**params, name: tilted.candidate(params[name], k)}) for k in range(number)]
    return as_scored(views, name, torch.cat(made))


def as_scored(views: Compose, name: str, seen: Tensor) -> Tensor:
    """Brings views to the size at which the candidates of an entry are scored."""
    tilted = views[name]
    assert isinstance(tilted, Tilted)
    if tilted.scored_at == "half" and seen.ndim == 4 and min(seen.shape[-2:]) >= SMALLEST_SIDE:
        return F.avg_pool2d(seen, 2)
    return seen


def pair_scores(z1: Tensor, z2: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Scores candidates of two views by the contrastive loss against each candidate of the other view, on average.

    ::

        ℓ_ik = 1/K Σ_l −log [ e^{s(ik, il)} / (e^{s(ik, il)} + 1/K Σ_{j≠i, m, view} e^{s(ik, jm)}) ],   s = cosine / τ

    It is NT-Xent with every other draw averaged over the candidates, which are draws of the designed view.

    Args:
        z1: ``(K, batch, dim)`` embeddings of the candidates of one view.
        z2: ``(K, batch, dim)`` embeddings of those of the other.
        temperature: Temperature τ.

    Returns:
        Losses of both, ``(batch, K)`` each.
    """
    number, batch = z1.shape[:2]
    z1, z2 = (F.normalize(z.float(), dim=2) for z in (z1, z2))
    everything = torch.cat([z1, z2]).flatten(0, 1)
    own = torch.eye(batch, dtype=torch.bool, device=z1.device)
    scores = []
    for anchors, partners in ((z1, z2), (z2, z1)):
        similarity = (anchors.flatten(0, 1) @ everything.T / temperature).view(number, batch, 2 * number, batch)
        others = similarity.masked_fill(own[:, None, :], -torch.inf).flatten(2).logsumexp(2) - math.log(number)
        positive = torch.einsum("kbd,lbd->lkb", anchors, partners) / temperature
        scores.append(F.softplus(others - positive).mean(0).T)
    return scores[0], scores[1]


def key_scores(z: Tensor, key: Tensor, negatives: Tensor, temperature: float, among: bool = False) -> Tensor:
    """Scores candidates by InfoNCE against one key for each sample.

    ::

        ℓ_ik = −log [ e^{s(ik, i)} / (e^{s(ik, i)} + Σ_n e^{s(ik, n)}) ],   s = cosine / τ

    Args:
        z: ``(K, batch, dim)`` embeddings of the candidates.
        key: ``(batch, dim)``.
        negatives: ``(num_negatives, dim)``, of length 1.
        temperature: Temperature τ.
        among: Whether each sample's key is one of the negatives, and not counted again.

    Returns:
        ``(batch, K)``.
    """
    z, key = F.normalize(z.float(), dim=2), F.normalize(key.float(), dim=1)
    positive = (z * key).sum(2) / temperature
    others = logsumexp_similarity(z.flatten(0, 1), negatives.float(), temperature).view_as(positive)
    return (others - positive if among else F.softplus(others - positive)).T


@contextmanager
def unrecorded(module: nn.Module) -> Iterator[None]:
    """Has the module's BatchNorms normalize by the batch without recording it."""
    norms = [m for m in module.modules() if isinstance(m, _NormBase) and m.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
