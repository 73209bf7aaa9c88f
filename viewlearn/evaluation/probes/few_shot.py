"""Few-shot classification on frozen features."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.evaluation.intervals import mean_interval
from viewlearn.evaluation.probes.logistic import fit_logistic, spread
from viewlearn.evaluation.score import Score, labeled
from viewlearn.sampling import subset

FewShotClassifier = Literal["logistic", "centroid"]


def few_shot(
    x: Tensor,
    y: Tensor,
    query_x: Tensor | None = None,
    query_y: Tensor | None = None,
    *,
    shots: int = 5,
    ways: int | None = None,
    queries: int | None = 15,
    episodes: int = 100,
    classifier: FewShotClassifier = "logistic",
    l2: float = 1e-2,
    seed: int = 0,
) -> Score:
    """Computes the mean accuracy over few-shot episodes, with its 95 % interval (normal, over episodes).

    Each episode draws ``ways`` classes, ``shots`` labeled samples of each from x to fit a classifier on, and
    ``queries`` samples of each to test it on. LooC's protocol on Flowers-102 is all-way with the whole test split as
    queries: ``few_shot(train_x, train_y, test_x, test_y, shots=5, queries=None, episodes=10)``.

    Args:
        x: Features to learn from, ``(num_samples, num_features)``.
        y: Their labels ``(num_samples,)``, −1 where unlabeled.
        query_x: Features of the queries; None takes those samples of x that the episode doesn't learn from.
        query_y: Labels of the queries, −1 where unlabeled; None where ``query_x`` is.
        shots: Number of samples per class to learn from.
        ways: Number of classes per episode; None for all.
        queries: Number of queries per class; None for all there are.
        episodes: Number of episodes, at least 2; the interval narrows with their square root.
        classifier: ``logistic`` is the linear probe with weight decay ``l2``, on features standardized by the spread of
            all of x (an episode has too few samples to tell it); ``centroid`` takes the class whose mean of unit
            features has the largest cosine (prototypical networks, Snell et al. 2017, on frozen features).
        l2: Regularization of the logistic classifier, see ``fit_logistic``.
        seed: Seed of the draws.

    Raises:
        ValueError: There are fewer than two ways or more than classes, a class has fewer samples than shots and queries
            need, there are fewer than two episodes, queries without labels, or the classifier is unknown.
    """
    if classifier not in ("logistic", "centroid"):
        raise ValueError(f"classifier is {classifier!r}; it must be one of: logistic, centroid")
    if episodes < 2:
        raise ValueError(f"episodes is {episodes}; an interval needs at least 2")
    x, y = labeled(x, y, "training")
    same = query_x is None
    if query_x is None or query_y is None:
        if query_x is not query_y:
            raise ValueError("give query_x and query_y together, or neither")
        query_x, query_y = x, y
    else:
        query_x, query_y = labeled(query_x, query_y, "query")
    if classifier == "logistic":
        mean, std = spread(x)
        x, query_x = (x - mean) / std, (query_x - mean) / std
    members = {c: ((y == c).nonzero()[:, 0], (query_y == c).nonzero()[:, 0]) for c in y.unique().tolist()}
    ways = len(members) if ways is None else ways
    _check(members, ways, shots, queries, same)
    generator = torch.Generator().manual_seed(seed)
    accuracies, num_queries = [], 0
    for _ in range(episodes):
        classes = [list(members)[i] for i in subset(len(members), ways, generator).tolist()]
        learned, asked = [], []
        for c in classes:
            own, others = (index[torch.randperm(len(index), generator=generator)] for index in members[c])
            learned.append(own[:shots])
            asked.append((own[shots:] if same else others)[:queries])
        rows, queried = torch.cat(learned), torch.cat(asked)
        predicted = _classify(x[rows], y[rows], query_x[queried], classifier, l2)
        accuracies.append((predicted == query_y[queried]).float().mean())
        num_queries += len(queried)
    mean, half = mean_interval(torch.stack(accuracies))
    return Score(mean, mean - half, mean + half, shots * ways, num_queries, l2=l2 if classifier == "logistic" else None)


def _classify(x: Tensor, y: Tensor, query_x: Tensor, classifier: FewShotClassifier, l2: float) -> Tensor:
    if classifier == "logistic":
        return fit_logistic(x, y, l2, standardize=False).predict(query_x)
    classes, target = y.unique(return_inverse=True)
    member = functional.one_hot(target).to(x).T
    centroids = functional.normalize(member @ functional.normalize(x, dim=1), dim=1)
    return classes[(functional.normalize(query_x, dim=1) @ centroids.T).argmax(dim=1)]


def _check(
    members: Mapping[int, tuple[Tensor, Tensor]], ways: int, shots: int, queries: int | None, same: bool
) -> None:
    if not 2 <= ways <= len(members):
        raise ValueError(f"ways is {ways}; it must be in 2 … {len(members)}, the number of classes")
    if shots < 1 or (queries is not None and queries < 1):
        raise ValueError(f"shots {shots} and queries {queries} must be at least 1")
    for c, (own, others) in members.items():
        left = len(own) - shots if same else len(others)
        if len(own) < shots or left < (queries or 1):
            have = f"{len(own)} samples" if same else f"{len(own)} samples to learn from and {len(others)} queries"
            raise ValueError(
                f"class {c} has {have}; {shots} shots and {'some' if queries is None else queries} queries need more"
            )
