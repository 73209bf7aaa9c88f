"""The judge of what a view left of a label: a classifier of its own, trained on clean inputs."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viewlearn.data import Data
from viewlearn.encoders import Backbone
from viewlearn.evaluation.features import evaluation_mode
from viewlearn.evaluation.score import Score
from viewlearn.views import View, pipeline


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
    epochs: int = 5,
    num_train: int = 8_000,
    num_test: int = 2_000,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-4,
    device: torch.device | str = "cpu",
    seed: int = 0,
) -> Reference:
    """Trains a small network with the clean training samples of one task.

    Cross-entropy, AdamW, one cycle of the learning rate. The network shares nothing with the encoder under study, so
    that what an encoder has become invariant to can't hide what its views destroy.

    Args:
        data: of the run.
        task: of ``data.spec.tasks``.
        name: of the network, see ``Backbone``.
        epochs: over the training samples.
        num_train, num_test: labelled samples that are used, at most; drawn at random.
        batch_size: samples per step.
        learning_rate: at its peak.
        weight_decay: of AdamW.
        device: where to train.
        seed: of samples, weights and order.

    Raises:
        ValueError: an unknown task, or one without labels in train or in test.
    """
    spec = data.spec
    if task not in spec.tasks:
        raise ValueError(f"no task {task!r} in this data; there are: {', '.join(spec.tasks) or 'none'}")
    generator = torch.Generator().manual_seed(seed)
    x, y = take_labelled(data, "train", task, num_train, generator)
    test_x, test_y = take_labelled(data, "test", task, num_test, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        bindings = spec.bindings()
        encoder = Backbone(name, **{key: bindings[key] for key in ("channels", "size", "mean", "std")})
        network = nn.Sequential(encoder, nn.Linear(encoder.num_features, len(spec.tasks[task]))).to(device)
    clean = pipeline(data.decode, data.front_end).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
    batch_size = min(batch_size, len(x))
    steps = epochs * (len(x) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=max(steps, 2))
    network.train()
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for rows in order[: len(x) // batch_size * batch_size].split(batch_size):
            loss = F.cross_entropy(network(clean(x[rows].to(device), generator)), y[rows].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.no_grad():
        hits = torch.cat([_hits(network, clean, *part, device) for part in _parts(test_x, test_y)])
    return Reference(network, task, Score.of(hits, len(x))).eval()


def take_labelled(
    data: Data, split: str, task: str, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """At most ``num_samples`` stored samples of a split that have a label of ``task``, and these labels.

    Raises:
        ValueError: the split has none.
    """
    dataset = data.split(split)
    if hasattr(dataset, "labels"):
        labels = dataset.labels.get(task, torch.full((len(dataset),), -1))
        known = (labels >= 0).nonzero().squeeze(1)
    else:
        known = torch.arange(len(dataset))
    chosen = known[torch.randperm(len(known), generator=generator)[:num_samples]]
    if not len(chosen):
        raise ValueError(f"task {task!r} has no labels in {split}, so there is nothing to judge its destruction by")
    if hasattr(dataset, "x"):
        return dataset.x[chosen], labels[chosen]
    rows = [dataset[int(i)] for i in chosen]
    rows = [(x, y[task]) for x, y in rows if y.get(task, -1) >= 0]
    if not rows:
        raise ValueError(f"task {task!r} has no labels in {split}, so there is nothing to judge its destruction by")
    return torch.stack([x for x, _ in rows]), torch.tensor([y for _, y in rows])


def true_probability(reference: Reference, x: Tensor, y: Tensor) -> Tensor:
    """The probability ``(batch,)`` that a reference gives to the correct class of encoder inputs x.

    Unlabelled samples (negative labels) have NaN.
    """
    with evaluation_mode(reference), torch.no_grad():
        chosen = reference(x).float().softmax(1).gather(1, y.clamp_min(0)[:, None]).squeeze(1)
    return chosen.masked_fill(y < 0, float("nan"))


def _hits(network: nn.Module, clean: View, x: Tensor, y: Tensor, device: torch.device | str) -> Tensor:
    return network(clean(x.to(device))).argmax(1).cpu() == y


def _parts(x: Tensor, y: Tensor, size: int = 256):
    return zip(x.split(size), y.split(size), strict=True)
