"""What an embedding space keeps: is a view that shares a factor nearer than one that shares nothing?"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from viewlearn.evaluation.probes.features import batches, evaluation_mode, match_layers
from viewlearn.evaluation.probes.intervals import wilson_interval
from viewlearn.evaluation.probes.score import Score
from viewlearn.views import Compose, LeaveOneOut


@torch.no_grad()
def shared_factor_accuracy(
    encoder: nn.Module,
    views: Compose,
    dataset: Dataset,
    factors: Sequence[str] | str,
    *,
    layers: Sequence[str] = ("*",),
    batch_size: int = 256,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> dict[tuple[str, str], Score]:
    """How often, in each layer, the key that shares one factor with the query is nearer than the key that shares none.

        accuracy(s, i) = mean over samples of [cos(z_s^q, z_s^ki) > cos(z_s^q, z_s^k0)],   ties count ½

    Query and keys are ``LeaveOneOut``'s: k_i has factor i of the query and else nothing, k_0 nothing; all of them show
    the same sample. ½ is chance: the layer ignores the factor. 1 is a layer in which nothing counts but the factor. A
    space of LooC that does what it was trained for is high for its own factor and near ½ for the others; a learned
    view is a factor like any other.

    Args:
        encoder: has ``features(x) -> {layer: (batch, num_features)}``, see ``layered``.
        views: the pipeline from stored samples to what the encoder reads, of whose entries the factors are.
        dataset: samples in storage form.
        factors: see ``LeaveOneOut``.
        layers: names or patterns, see ``Features.layer``; one that joins several counts as each of them.
        batch_size: samples at a time.
        device: where it is computed; None for where the encoder is.
        seed: of the views' draws.

    Returns:
        a score for each (layer, factor); ``num_train`` is 0, as nothing is fitted.

    Raises:
        ValueError: as ``LeaveOneOut`` does, or a layer that isn't there.
    """
    draws = LeaveOneOut(views, factors)
    device = torch.device(device) if device is not None else next(encoder.parameters(), torch.empty(0)).device
    generator = torch.Generator().manual_seed(seed)
    wins: dict[tuple[str, str], list[Tensor]] = {}
    with evaluation_mode(views), evaluation_mode(encoder):
        for x, _, _ in batches(dataset, batch_size):
            x = x.to(device)
            query_params, key_params = draws.sample(x, generator)
            query, fresh, *sharing = (
                encoder.features(views.transform(x, params)) for params in (query_params, *key_params)
            )
            for layer in match_layers(layers, query):
                far = functional.cosine_similarity(query[layer], fresh[layer])
                for factor, key in zip(draws.names, sharing, strict=True):
                    near = functional.cosine_similarity(query[layer], key[layer])
                    win = (near > far).float() + 0.5 * (near == far)
                    wins.setdefault((layer, factor), []).append(win.cpu())
    return {name: _score(torch.cat(parts)) for name, parts in wins.items()}


def _score(wins: Tensor) -> Score:
    accuracy = wins.mean().item()
    return Score(accuracy, *wilson_interval(round(accuracy * len(wins)), len(wins)), num_train=0, num_test=len(wins))
