"""The judge of what a view left of a label: a classifier of its own, trained on clean inputs."""

import torch
from torch import Tensor, nn

from viewlearn.data import ArrayDataset, Data, take
from viewlearn.encoders import Backbone
from viewlearn.evaluation.feature_dropping.fit import Judged, Samples, autocast, fit_in_cycles
from viewlearn.evaluation.probes.features import Precision, evaluation_mode
from viewlearn.evaluation.probes.score import Score
from viewlearn.sampling import subset
from viewlearn.views import Identity, View, pipeline


class Reference(nn.Module):
    """A classifier of one task that has seen clean inputs only.

    Args:
        network: encoder inputs ``(batch, channel, height, width)`` to logits ``(batch, num_classes)``.
        task: whose labels it learned.
        score: its accuracy on clean samples of the test split; destruction is measured on samples that it knows.
    """

    def __init__(self, network: nn.Module, task: str, score: Score):
        super().__init__()
        self.network, self.task, self.score = network, task, score

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


def fit_reference(
    data: Data,
    task: str,
    *,
    name: str = "resnet10w16",
    steps: int = 2_400,
    min_gain: float = 0.01,
    num_train: int = 20_000,
    num_test: int = 2_000,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.05,
    shift: int = 2,
    device: torch.device | str = "cpu",
    precision: Precision = "no",
    seed: int = 0,
) -> Reference:
    """Trains a small network with the clean training samples of one task.

    Cross-entropy, AdamW, a learning rate that falls along a cosine in four cycles, each twice as long as the one
    before (Loshchilov and Hutter 2017, T_mult = 2). Training ends with the first cycle that gains less than
    ``min_gain`` of accuracy on validation samples, or that leaves less than that to gain; the weights of the best
    cycle stay. The network shares nothing with the encoder under study, so that what an encoder has become invariant
    to can't hide what its views destroy.

    Args:
        data: of the run.
        task: of ``data.spec.tasks``.
        name: of the network, see ``Backbone``.
        steps: of training, at most; the cycles have 1, 2, 4 and 8 fifteenths of them.
        min_gain: of validation accuracy, in [0, 1], for which another cycle is worth its time; negative for all four.
        num_train, num_test: labeled samples that are used, at most, drawn at random; ``num_test`` for validation too.
        batch_size: samples per step.
        learning_rate: at the start of each cycle but for a warm-up of 50 steps in the first.
        weight_decay: of AdamW.
        shift: pixels or bins by which training samples are moved at random along either axis, at most; without it a
            network of a few samples knows them by heart.
        device: where to train.
        precision: "no" for float32, or the autocast dtype.
        seed: of samples, weights and order.

    Raises:
        ValueError: an unknown task, or one without labels in train or in test.
    """
    spec = data.spec
    if task not in spec.tasks:
        raise ValueError(f"no task {task!r} in this data; there are: {', '.join(spec.tasks) or 'none'}")
    generator = torch.Generator().manual_seed(seed)
    train = take_labeled(data, "train", task, num_train, generator)
    test = take_labeled(data, "test", task, num_test, generator)
    train, held_out = _validation(data, task, train, num_test, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(data, task, name).to(device)
    clean = pipeline(data.decode, data.front_end).to(device)
    if spec.sample_rate:  # the front end costs as much as the network, and its output is smaller than a waveform
        train, held_out, test = ((_through(clean, x, device), y) for x, y in (train, held_out, test))
        clean = Identity()
    judged = Judged(network, clean, torch.device(device), precision)
    fit_in_cycles(
        judged,
        train,
        held_out,
        optimizer=torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay),
        steps=steps,
        min_gain=min_gain,
        batch_size=min(batch_size, len(train[0])),
        shift=shift,
        generator=generator,
    )
    return Reference(network, task, Score.of(judged.hits(*test), len(train[0]))).eval()


def build_network(data: Data, task: str, name: str) -> nn.Module:
    """A judge with fresh weights: encoder inputs to logits."""
    bindings = data.spec.bindings()
    encoder = Backbone(name, **{key: bindings[key] for key in ("channels", "size", "mean", "std")})
    return nn.Sequential(encoder, nn.Linear(encoder.num_features, len(data.spec.tasks[task])))


def _validation(data: Data, task: str, train: Samples, num_samples: int, generator: torch.Generator):
    """(train, validation): the data's own validation samples, or a tenth of train where it has none with labels."""
    try:
        return train, take_labeled(data, "validation", task, num_samples, generator)
    except ValueError:
        x, y = train
        count = max(1, len(x) // 10)
        return ((x[count:], y[count:]) if len(x) > 1 else train), (x[:count], y[:count])


def _through(clean: View, x: Tensor, device: torch.device | str, size: int = 256) -> Tensor:
    with torch.no_grad():
        return torch.cat([clean(part.to(device)).cpu() for part in x.split(size)])


def take_labeled(
    data: Data, split: str, task: str, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """At most ``num_samples`` stored samples of a split that have a label of ``task``, and these labels.

    Raises:
        ValueError: the split has none.
    """
    dataset = data.split(split)
    known = torch.arange(len(dataset))
    if isinstance(dataset, ArrayDataset):  # whose labels are known before samples are read
        known = (dataset.labels[task] >= 0).nonzero().squeeze(1) if task in dataset.labels else known[:0]
    samples = take(dataset, known[subset(len(known), num_samples, generator)])
    labels = samples.labels.get(task, torch.full((len(samples),), -1))
    if not (labels >= 0).any():
        raise ValueError(f"task {task!r} has no labels in {split}, so there is nothing to judge its destruction by")
    return samples.x[labels >= 0], labels[labels >= 0]


def true_probability(reference: Reference, x: Tensor, y: Tensor, precision: Precision = "no") -> Tensor:
    """The probability ``(batch,)`` that a reference gives to the correct class of encoder inputs x.

    Unlabeled samples (negative labels) have NaN.
    """
    with evaluation_mode(reference), torch.no_grad(), autocast(x.device, precision):
        logits = reference(x)
    chosen = logits.float().softmax(1).gather(1, y.clamp_min(0)[:, None]).squeeze(1)
    return chosen.masked_fill(y < 0, float("nan"))
