"""The judge of what a view leaves of a label: a classifier of its own, trained on clean inputs."""

import logging
import re
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Count, NonNegative, Positive, Seed, SmallCountOrZero, Value, check_fields
from viewlearn.data import ArrayDataset, Data, Dataset, NoSplit, take
from viewlearn.encoders import Backbone, Encoder, WhitenedConvNet
from viewlearn.evaluation.feature_dropping.fit import Samples, Trainee, fit_in_cycles
from viewlearn.evaluation.frozen import MixedPrecision, autocast, evaluation_mode
from viewlearn.evaluation.score import Score
from viewlearn.sampling import subset
from viewlearn.views import Identity, View, pipeline

log = logging.getLogger(__name__)


class Judge(nn.Module):
    """A classifier of one task that has only seen clean inputs.

    Args:
        network: Maps encoder inputs ``(batch, channel, height, width)`` to logits ``(batch, num_classes)``.
        task: Task whose labels it learned.
        score: Its accuracy on clean samples of the test split; destruction is measured on samples that it knows.
    """

    def __init__(self, network: nn.Module, task: str, score: Score):
        super().__init__()
        self.network, self.task, self.score = network, task, score

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


class NoLabels(ValueError):
    """A task has no labels in a split, so no judge can be trained or tested."""


@dataclass(frozen=True)
class JudgeSettings:
    """How a judge is trained.

    Args:
        name: Name of its network: those of ``Backbone``, or ``whitened16`` and the like, a ``WhitenedConvNet`` of 16,
            32 and 64 channels, which learns small images at a fraction of the cost.
        steps: Number of training steps at most; the cycles have 1, 2, 4 and 8 fifteenths of them.
        min_gain: Gain of validation accuracy, in [0, 1], below which another cycle isn't worth its time; a negative
            one trains all four.
        num_train: Number of labeled training samples at most, drawn at random.
        num_test: Number of labeled test samples at most, and of validation samples, drawn at random.
        batch_size: Number of samples per step.
        learning_rate: Learning rate at the start of each cycle, after a warm-up of 50 steps in the first.
        weight_decay: Weight decay of AdamW.
        shift: Largest random shift of a training sample along either axis, in pixels or bins; without it, a network
            learns a few samples by heart.
        seed: Seed of samples, weights and order.
    """

    name: str = "resnet10w16"
    steps: Count = 2_400
    min_gain: Value = 0.01
    num_train: Count = 20_000
    num_test: Count = 2_000
    batch_size: Count = 128
    learning_rate: Positive = 3e-3
    weight_decay: NonNegative = 0.05
    shift: SmallCountOrZero = 2
    seed: Seed = 0

    def __post_init__(self):
        check_fields(self)


def fit_judge(
    data: Data,
    task: str,
    settings: JudgeSettings = JudgeSettings(),
    *,
    device: torch.device | str = "cpu",
    mixed_precision: MixedPrecision = "no",
) -> Judge:
    """Trains a small network on clean training samples of one task.

    It minimizes cross-entropy by AdamW, with a learning rate that falls along a cosine in four cycles, each twice as
    long as the one before (Loshchilov and Hutter 2017, T_mult = 2). Training ends with the first cycle that gains less
    than ``min_gain`` of validation accuracy, or that leaves less than that to gain; the weights of the best cycle are
    kept. Validation samples are the data's own, or a tenth of the training samples where these have no labels. The
    network shares nothing with the encoder under study, so that what an encoder has become invariant to can't hide
    what its views destroy.

    Args:
        data: Data of the run.
        task: One of ``data.spec.tasks``.
        settings: How it is trained.
        device: Device of training.
        mixed_precision: Precision of training.

    Raises:
        NoLabels: The task has no labels in train or in test, or a single class.
        ValueError: The task is unknown.
    """
    spec = data.spec
    if task not in spec.tasks:
        raise ValueError(f"no task {task!r} in this data; there are: {', '.join(spec.tasks) or 'none'}")
    if len(spec.tasks[task]) < 2:
        raise NoLabels(f"task {task!r} has a single class, so there is nothing to judge its destruction by")
    generator = torch.Generator().manual_seed(settings.seed)
    train = _labeled_split(data, "train", task, settings.num_train, generator)
    test = _labeled_split(data, "test", task, settings.num_test, generator)
    train, validation = _with_validation(data, task, train, settings.num_test, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = build_network(data, task, settings.name).to(device)
    clean: View = pipeline(data.decode, data.front_end).to(device)
    encoder = network[0]
    if isinstance(encoder, Encoder) and encoder.num_inputs_to_see:
        encoder.see(_through(clean, train[0][: encoder.num_inputs_to_see], device).to(device))
    if spec.sample_rate:  # the front end costs as much as the network, and its output is smaller than a waveform
        train, validation, test = ((_through(clean, x, device), y) for x, y in (train, validation, test))
        clean = Identity()
    log.info(
        "training a judge of %r: %s, %d samples, at most %d steps", task, settings.name, len(train[0]), settings.steps
    )
    trainee = Trainee(network, clean, torch.device(device), mixed_precision)
    fit_in_cycles(
        trainee,
        train,
        validation,
        optimizer=torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay),
        steps=settings.steps,
        min_gain=settings.min_gain,
        batch_size=min(settings.batch_size, len(train[0])),
        shift=settings.shift,
        generator=generator,
    )
    return Judge(network, task, Score.of(trainee.hits(*test), len(train[0]))).eval()


def build_network(data: Data, task: str, name: str) -> nn.Sequential:
    """Builds a judge's network with fresh weights: encoder inputs to logits."""
    spec = data.spec
    channels, height, width = spec.shape
    shape = {"channels": channels, "size": (height, width), "mean": spec.mean or None, "std": spec.std or None}
    whitened = re.fullmatch(r"whitened([1-9]\d*)", name)
    encoder: Encoder
    if whitened is None:
        encoder = Backbone(name, **shape)
    else:
        first = int(whitened[1])
        encoder = WhitenedConvNet((first, 2 * first, 4 * first), **shape)
    return nn.Sequential(encoder, nn.Linear(encoder.num_features, len(spec.tasks[task])))


def take_labeled(dataset: Dataset, task: str, num_samples: int, generator: Generator) -> Samples | None:
    """Takes at most ``num_samples`` samples that have a label of ``task``, and their labels; None if there are none."""
    known = torch.arange(len(dataset))
    if isinstance(dataset, ArrayDataset):  # whose labels are known before samples are read
        known = (dataset.labels[task] >= 0).nonzero().squeeze(1) if task in dataset.labels else known[:0]
    samples = take(dataset, known[subset(len(known), num_samples, generator)])
    labels = samples.labels.get(task, torch.full((len(samples),), -1))
    return (samples.x[labels >= 0], labels[labels >= 0]) if (labels >= 0).any() else None


def true_probability(judge: Judge, x: Tensor, y: Tensor, mixed_precision: MixedPrecision = "no") -> Tensor:
    """Computes the probability ``(batch,)`` that a judge gives to the correct class of encoder inputs x.

    It is NaN for unlabeled samples (−1).
    """
    with evaluation_mode(judge), torch.no_grad(), autocast(x.device, mixed_precision):
        logits = judge(x)
    chosen = logits.float().softmax(1).gather(1, y.clamp_min(0)[:, None]).squeeze(1)
    return chosen.masked_fill(y < 0, float("nan"))


def _labeled_split(
    data: Data, split: Literal["train", "test"], task: str, num_samples: int, generator: Generator
) -> Samples:
    samples = take_labeled(data.split(split), task, num_samples, generator)
    if samples is None:
        raise NoLabels(f"task {task!r} has no labels in {split}, so there is nothing to judge its destruction by")
    return samples


def _with_validation(
    data: Data, task: str, train: Samples, num_samples: int, generator: Generator
) -> tuple[Samples, Samples]:
    """(train, validation): the data's own validation samples, or a tenth of train where these have no labels."""
    try:
        dataset = data.split("validation")
    except NoSplit:
        dataset = None
    validation = None if dataset is None else take_labeled(dataset, task, num_samples, generator)
    if validation is not None:
        return train, validation
    x, y = train
    count = max(1, len(x) // 10)
    return ((x[count:], y[count:]) if len(x) > 1 else train), (x[:count], y[:count])


def _through(clean: View, x: Tensor, device: torch.device | str, batch_size: int = 256) -> Tensor:
    with torch.no_grad():
        return torch.cat([clean(part.to(device)).cpu() for part in x.split(batch_size)])
