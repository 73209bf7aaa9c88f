"""What each embedding space adds to a correct prediction."""

from collections.abc import Sequence

from torch import Tensor

from viewlearn.evaluation.probes.features import Features
from viewlearn.evaluation.probes.logistic import LinearClassifier
from viewlearn.evaluation.score import labeled


def head_contributions(
    classifier: LinearClassifier, features: Features, layers: Sequence[str], y: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """Computes how much each layer adds to the true class's score, for the samples that are classified correctly.

    ::

        contribution of a layer = sum over its dimensions d of w[y, d] · (a[d] − mean[d]) / std[d]

    The contributions of all layers and the class's bias add up to the score. This is the activation times the
    classifier's weight in LooC's histograms (Xiao et al., ICLR 2021, figures 3 and 4), with activations standardized
    as the classifier reads them.

    Args:
        classifier: Classifier fitted on the layers side by side, in this order.
        features: Features with these layers.
        layers: Names of the layers.
        y: Labels ``(num_samples,)``, −1 where unlabeled.

    Returns:
        Each layer's contributions ``(num_correct,)``, and the labels ``(num_correct,)``.

    Raises:
        ValueError: The layers' dimensions don't add up to the classifier's.
    """
    parts = [features.layer(name) for name in layers]
    x = features.layer("+".join(layers))
    widths = [part.shape[1] for part in parts]
    if sum(widths) != classifier.weight.shape[1]:
        raise ValueError(
            f"layers {', '.join(layers)} have {sum(widths)} features, the classifier {classifier.weight.shape[1]}"
        )
    x, y = labeled(x, y, "test")
    correct = classifier.hits(x, y)
    x, y = x[correct], y[correct]
    weight = classifier.weight[(classifier.classes == y[:, None]).int().argmax(dim=1)]
    terms = weight * ((x - classifier.mean) / classifier.std)
    return {name: part.sum(dim=1) for name, part in zip(layers, terms.split(widths, dim=1), strict=True)}, y
