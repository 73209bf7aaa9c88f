"""Who moves in a step: the learner (encoder and heads), the adversary (learned views), or both at once."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from viewlearn.methods import Method, Player
from viewlearn.methods.scoring import unrecorded

MakeOptimizer = Callable[[ParamsT], Optimizer]
Updates = Literal["simultaneous", "alternating"]


def learner_groups(method: Method, exclude_from_decay: bool) -> list[dict[str, Any]]:
    """Groups the learner's parameters; norms and biases may have no weight decay (SimCLR, section B.8)."""
    adversary = {id(parameter) for parameter in method.views.parameters()}
    own = [p for p in method.parameters() if p.requires_grad and id(p) not in adversary]
    if not exclude_from_decay:
        return [{"params": own}]
    matrices, vectors = [p for p in own if p.ndim > 1], [p for p in own if p.ndim <= 1]
    return [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]


def make_optimizers(
    method: Method, optimizer: MakeOptimizer, views_optimizer: MakeOptimizer, exclude_from_decay: bool = False
) -> dict[str, Optimizer]:
    """Makes the optimizer of each player: ``learner``, and ``adversary`` if the views learn.

    Raises:
        ValueError: An optimizer that needs a closure, such as L-BFGS, or an error of an optimizer's own.
    """
    optimizers = {"learner": optimizer(learner_groups(method, exclude_from_decay))}
    if method.adversarial:
        optimizers["adversary"] = views_optimizer([p for p in method.views.parameters() if p.requires_grad])
    for player, each in optimizers.items():
        closure = inspect.signature(type(each).step).parameters.get("closure")
        if closure is not None and closure.default is closure.empty:
            name = "optimizer" if player == "learner" else "views_optimizer"
            raise ValueError(
                f"{name} is {type(each).__name__}, which evaluates the loss several times a step; "
                "take SGD, AdamW or LARS"
            )
    return optimizers


def moves(method: Method, updates: Updates) -> list[Player]:
    """Lists who moves in one step, in order.

    Simultaneous updates take one forward and one backward pass, in which the gradient reversal gives the views their
    gradient. Alternating ones, as published with Viewmaker, move the learner first and then the views against the
    moved learner, on views drawn afresh: two passes of each.
    """
    if not method.adversarial:
        return ["learner"]
    return ["both"] if updates == "simultaneous" else ["learner", "adversary"]


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Keeps gradients from the module's weights; its BatchNorms normalize by the batch without recording it."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        with unrecorded(module):
            yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


@contextmanager
def freezing_others(player: Player, method: Method) -> Iterator[None]:
    """Freezes everything but the views when the adversary moves, and nothing otherwise."""
    if player != "adversary":
        yield
        return
    others = [child for name, child in method.named_children() if name != "views"]
    with frozen(nn.ModuleList(others)):
        yield
