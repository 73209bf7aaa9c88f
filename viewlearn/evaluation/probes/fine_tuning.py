"""What an encoder gives where few samples are labeled: frozen, or trained further with these labels."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viewlearn.bounds import Count, Positive, check_fields
from viewlearn.data import Data, Dataset, NoSplit, make_loader
from viewlearn.evaluation.frozen import autocast
from viewlearn.evaluation.probes.features import Extraction, extract_features
from viewlearn.evaluation.probes.limited import chosen
from viewlearn.evaluation.score import Score, labeled
from viewlearn.views import View

HELD_OUT = 0.2  # of the labeled samples, where the data have no validation labels


@dataclass(frozen=True)
class FineTuning:
    """How an encoder is trained further with labels: SGD with momentum and a cosine to 0.

    Args:
        steps: Number of steps; the same for every number of labels.
        batch_size: Number of samples per step, or all that are labeled.
        lr: Learning rates to choose from, on validation samples.
        momentum: Momentum of SGD.

    Raises:
        ValueError: A setting out of range; the message names it, its value and what is allowed.
    """

    steps: Count = 200
    batch_size: Count = 128
    lr: Sequence[Positive] = (0.1, 0.01)
    momentum: float = 0.9

    def __post_init__(self):
        check_fields(self)
        if not self.lr:
            raise ValueError("lr is empty; give at least one learning rate")


def labeled_part(labels: Tensor, fraction: float, seed: int = 0) -> Tensor:
    """Draws the samples that keep their labels: this fraction of each class, and at least one.

    The part of a smaller fraction is within that of a larger one with the same seed.

    Args:
        labels: ``(num_samples,)``, −1 where unlabeled.
        fraction: Fraction of each class, in (0, 1].
        seed: Seed of the draw.

    Returns:
        Their positions, in order.

    Raises:
        ValueError: A fraction outside (0, 1], or no labels at all.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"the fraction of labels is {fraction}; it must lie in (0, 1]")
    if not bool((labels >= 0).any()):
        raise ValueError("no sample is labeled")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    parts = []
    for each in labels[labels >= 0].unique().tolist():
        own = order[labels[order] == each]
        parts.append(own[: max(1, round(fraction * len(own)))])
    return torch.cat(parts).sort().values


def fine_tune(
    encoder: nn.Module,
    data: Data,
    task: str,
    fraction: float = 1.0,
    fine_tuning: FineTuning = FineTuning(),
    extraction: Extraction = Extraction(),
    views: View | None = None,
    seed: int = 0,
) -> Score:
    """Trains a copy of an encoder, and a linear classifier on it, with a part of the labels, and tests it.

    All weights move. The learning rate is chosen by the accuracy on "validation", or on a fifth of the labeled samples
    where validation has no labels; then the test split is asked once. With an untrained encoder it is what supervised
    training reaches with as many labels and steps.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``; it stays as it is.
        data: Data with the task's labels.
        task: Task whose labels are learned.
        fraction: Fraction of each class of the training split that keeps its labels, see ``labeled_part``.
        fine_tuning: How the copy is trained.
        extraction: Device and precision, and batch size of the test.
        views: Random views of the training samples; clean samples by default.
        seed: Seed of the labeled part, of the classifier, of order and of views.

    Raises:
        ValueError: A fraction outside (0, 1], a task without labels, or fewer than two samples of different classes.
    """
    train = data.split("train")
    labels = _labels(train, task)
    kept = labeled_part(labels, fraction, seed)
    validation = _validation(data, task)
    fitted = kept
    if validation is None and len(fine_tuning.lr) > 1:
        order = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(seed))]
        held_out = max(1, round(HELD_OUT * len(kept)))
        validation, fitted = chosen(train, order[:held_out]), order[held_out:]
    if len(fitted) < 2 or len(labels[fitted].unique()) < 2:
        raise ValueError(f"{len(fitted)} samples of task {task!r} are labeled; two of different classes are needed")
    rates, num_classes = list(fine_tuning.lr), len(data.spec.tasks[task])

    def fit(lr: float, index: Tensor) -> nn.Module:
        part = chosen(train, index)
        return _trained(encoder, part, data.pipeline(views), task, num_classes, lr, fine_tuning, extraction, seed)

    if validation is not None and len(rates) > 1:
        accuracies = [_hits(fit(lr, fitted), validation, data, task, extraction).float().mean() for lr in rates]
        rates = [rates[int(torch.stack(accuracies).argmax())]]
    return Score.of(_hits(fit(rates[0], kept), data.split("test"), data, task, extraction), len(kept))


def _trained(
    encoder: nn.Module,
    part: Dataset,
    pipeline: View,
    task: str,
    num_classes: int,
    lr: float,
    fine_tuning: FineTuning,
    extraction: Extraction,
    seed: int,
) -> nn.Module:
    """A copy of the encoder with a classifier, trained."""
    device = extraction.device_for(encoder)
    copied = copy.deepcopy(encoder).to(device)
    pipeline = pipeline.to(device)
    num_features = extract_features(copied, chosen(part, torch.arange(1)), pipeline, Extraction()).x.shape[1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classified = nn.Sequential(copied, nn.Flatten(), nn.Linear(num_features, num_classes)).to(device)
        parameters = [p.requires_grad_() for p in classified.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=lr, momentum=fine_tuning.momentum)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, fine_tuning.steps)
        loader = make_loader(part, min(fine_tuning.batch_size, len(part)), seed=seed, device=device, num_workers=0)
        generator = torch.Generator(device).manual_seed(seed)
        precision = autocast(device, extraction.mixed_precision)
        classified.train()
        batches = loader.epoch()
        for step in range(fine_tuning.steps):
            epoch, position = divmod(step, len(loader))
            if epoch and position == 0:
                batches = loader.epoch(epoch)
            batch = next(batches)
            with torch.no_grad():
                x = pipeline(batch.x, generator)
            with precision:
                loss = F.cross_entropy(classified(x).float(), batch.labels[task])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return classified.eval()


def _hits(classified: nn.Module, dataset: Dataset, data: Data, task: str, extraction: Extraction) -> Tensor:
    """Whether each labeled sample of a data set is classified rightly."""
    alone = Extraction(None, extraction.batch_size, extraction.device, extraction.mixed_precision)
    scores = extract_features(classified, dataset, data.pipeline(), alone)
    x, y = labeled(scores.x, scores.labels_of(task), "test")
    return x.argmax(1) == y


def _labels(dataset: Dataset, task: str) -> Tensor:
    """A task's labels ``(num_samples,)``, −1 where there is none; reads all samples that aren't in memory."""
    return torch.tensor([dataset[i][1].get(task, -1) for i in range(len(dataset))])


def _validation(data: Data, task: str) -> Dataset | None:
    try:
        dataset = data.split("validation")
    except NoSplit:
        return None
    return dataset if len(dataset) and bool((_labels(dataset, task) >= 0).any()) else None
