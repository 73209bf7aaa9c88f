"""What an embedding space keeps: is a view that shares a factor nearer than one that shares nothing?"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.data import Dataset
from viewlearn.evaluation.frozen import device_of, evaluation_mode
from viewlearn.evaluation.intervals import wilson_interval
from viewlearn.evaluation.probes.features import read_batches
from viewlearn.evaluation.probes.layers import Layered, match_layers
from viewlearn.evaluation.score import Score
from viewlearn.views import Compose, LeaveOneOut


@torch.no_grad()
def shared_factor_accuracy(
    encoder: Layered,
    views: Compose,
    dataset: Dataset,
    factors: Sequence[str] | str,
    *,
    layers: Sequence[str] = ("*",),
    batch_size: int = 256,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> dict[tuple[str, str], Score]:
    """Measures how often, in each layer, the key that shares one factor with the query beats the one that shares none.

    ::

        accuracy(s, i) = mean over samples of [cos(z_s^q, z_s^ki) > cos(z_s^q, z_s^k0)],   ties count ½

    Query and keys are ``LeaveOneOut``'s: k_i shares factor i with the query and nothing else, k_0 shares nothing; all
    of them show the same sample. Chance is ½: the layer ignores the factor. 1 is a layer in which only the factor
    counts. A space of LooC that does what it was trained for is high for its own factor and near ½ for the others; a
    learned view is a factor like any other.

    Args:
        encoder: Encoder with layers, see ``layered``.
        views: Pipeline from stored samples to what the encoder reads; the factors are entries of it.
        dataset: Samples in storage form.
        factors: Names of the factors, see ``LeaveOneOut``.
        layers: Names or patterns of layers, see ``match_layers``; each layer that a pattern picks counts by itself.
        batch_size: Number of samples at a time.
        device: Device of the computation; None for the encoder's.
        seed: Seed of the views' draws.

    Returns:
        A score for each (layer, factor); its ``num_train`` is 0, as nothing is fitted.

    Raises:
        ValueError: There is no such layer, or as ``LeaveOneOut`` does.
    """
    leave_one_out = LeaveOneOut(views, factors)
    device = device_of(encoder) if device is None else torch.device(device)
    generator = torch.Generator().manual_seed(seed)
    wins: dict[tuple[str, str], list[Tensor]] = {}
    with evaluation_mode(views), evaluation_mode(encoder):
        for batch in read_batches(dataset, batch_size):
            x = batch.x.to(device)
            query_params, key_params = leave_one_out.sample(x, generator)
            query, fresh, *sharing = (
                encoder.features(views.transform(x, params)) for params in (query_params, *key_params)
            )
            for layer in match_layers(layers, query):
                far = functional.cosine_similarity(query[layer], fresh[layer])
                for factor, key in zip(leave_one_out.names, sharing, strict=True):
                    near = functional.cosine_similarity(query[layer], key[layer])
                    win = (near > far).float() + 0.5 * (near == far)
                    wins.setdefault((layer, factor), []).append(win.cpu())
    return {name: _score(torch.cat(parts)) for name, parts in wins.items()}


def _score(wins: Tensor) -> Score:
    accuracy = wins.mean().item()
    return Score(accuracy, *wilson_interval(round(accuracy * len(wins)), len(wins)), num_train=0, num_test=len(wins))
