"""A network that tilts the draws of a designed view, whatever the view is."""

import torch
from torch import Generator, Tensor, nn

from viewlearn.views.compose import Compose
from viewlearn.views.learned.network import CoarseNetwork
from viewlearn.views.learned.steps import divergences, tilted_steps, transported
from viewlearn.views.params import Params
from viewlearn.views.tape import Draw, Tape
from viewlearn.views.view import View

NUM_TRIED = 4  # samples in which a gradient is looked for


class Transport(nn.Module):
    """Has a designed view draw from numbers that a network has moved, within a KL budget.

    What a view draws is a function of independent uniform numbers (``Tape``). The network reads x and predicts a
    score for each of a number's cells; the numbers' law becomes q ∝ p exp(scores / λ), a density of steps, with the λ
    of each sample at which KL(q ‖ p) is the budget. Uniform noise becomes such numbers by their quantile function.

    Args:
        view: Designed view.
        shape: Shape of a sample.
        width: Base number of channels of the network.

    Raises:
        ValueError: A view that draws by other functions than those of ``viewlearn.views.draw``, or nothing that could
            be tilted.

    Attributes:
        largest: Divergence in nats that no tilted law exceeds.
        names: Entries of the view, if it is a ``Compose``, that draw something that is tilted.
    """

    log_chances: Tensor
    discrete: Tensor
    blind: Tensor
    owned: Tensor

    def __init__(self, view: View, shape: tuple[int, ...], width: int):
        super().__init__()
        x = torch.rand(NUM_TRIED, *shape, generator=torch.Generator().manual_seed(0))
        self.draws, numbers = _recorded(view, x)
        self.tilted = [place for place, draw in enumerate(self.draws) if draw.cells]
        if not self.tilted:
            raise ValueError(f"the {type(view).__name__} draws nothing that could be tilted")
        told = [self.draws[place] for place in self.tilted]
        num_cells = max(len(draw.cells) for draw in told)
        blind = _without_gradient(view, x, self.draws, numbers)
        rows = [(draw, place in blind) for place, draw in zip(self.tilted, told, strict=True)]
        rows = [row for row in rows for _ in range(row[0].num_told)]
        chances = torch.tensor([[*draw.cells, *[0.0] * (num_cells - len(draw.cells))] for draw, _ in rows])
        self.register_buffer("log_chances", chances.log(), persistent=False)
        self.register_buffer("discrete", torch.tensor([draw.discrete for draw, _ in rows]), persistent=False)
        self.register_buffer("blind", torch.tensor([unseen for _, unseen in rows]), persistent=False)
        self.largest = float(-chances.masked_fill(chances == 0, 1).amin(1).log().sum())
        self.names, owners = _owners(view, x, [len(draw.cells) > 0 for draw in self.draws])
        self.sizes = [draw.num_told for draw in told]
        owners = [owner for owner, size in zip(owners, self.sizes, strict=True) for _ in range(size)]
        owned = torch.tensor([[float(owner == name) for owner in owners] for name in self.names])
        self.register_buffer("owned", owned, persistent=False)
        waveforms = len(shape) == 2
        self.network = CoarseNetwork(shape[0], numbers=chances.numel(), width=width, waveforms=waveforms, noisy=False)

    def sample(self, view: View, x: Tensor, generator: Generator | None) -> Params:
        """Draws the numbers, ``draw0`` …, one for each draw of the view."""
        self.network.check(x)
        tape = Tape(generator)
        view.sample(x, tape)
        return {f"draw{place}": number for place, number in enumerate(tape.numbers)}

    def resolve(self, view: View, x: Tensor, params: Params, budget: Tensor, sign: Tensor | float) -> Params:
        """Returns the ``view``'s parameters, the ``kl`` (batch, number), and ``chosen`` (batch,).

        The latter is the log-likelihood of those cells through which the view has no gradient.

        Args:
            view: Designed view.
            x: ``(batch, …)``.
            params: Numbers, as ``sample`` draws them.
            budget: Divergence in nats, a scalar.
            sign: 1 for hard draws, −1 for easy ones; scores say how hard a cell is in both cases.
        """
        numbers = [params[f"draw{place}"] for place in range(len(self.draws))]
        flat = {place: numbers[place].reshape(len(x), -1) for place in self.tilted}
        unit = torch.cat([flat[place][:, :size] for place, size in zip(self.tilted, self.sizes, strict=True)], 1)
        scores = self.network(x, None)[1].unflatten(1, self.log_chances.shape)
        played = scores + (sign * scores - scores).detach()  # increases the loss by what is played, or decreases it
        log_q = tilted_steps(self.log_chances, played, budget)
        moved, cell = transported(unit, log_q, self.log_chances, self.discrete)
        for place, number in zip(self.tilted, moved.split(self.sizes, 1), strict=True):
            kept = flat[place][:, number.shape[1] :].to(number.dtype)
            numbers[place] = torch.cat([number, kept], 1).view_as(numbers[place])
        chosen = log_q.gather(2, cell[:, :, None]).squeeze(2)
        return {
            "view": view.sample(x, Tape(numbers=numbers)),
            "kl": divergences(log_q, self.log_chances.to(log_q.dtype)),
            "chosen": torch.where(self.blind, chosen, 0.0).sum(1),
        }

    def measure(self, resolved: Params) -> dict[str, Tensor]:
        """Measures the ``kl``, and that of each entry."""
        kl = resolved["kl"].detach().mean(0)
        shares = [(own.to(kl.dtype) * kl).sum() for own in self.owned]
        return {"kl": kl.sum(), **{f"kl/{name}": share for name, share in zip(self.names, shares, strict=True)}}


def _recorded(view: View, x: Tensor) -> tuple[list[Draw], list[Tensor]]:
    """Returns what a view draws, and numbers that it drew from."""
    tape = Tape(torch.Generator().manual_seed(0))
    before = tape.get_state()
    view.sample(x, tape)
    if not torch.equal(tape.get_state(), before):
        raise ValueError(
            f"the {type(view).__name__} draws by itself; a network tilts what is drawn by viewlearn.views.draw"
        )
    return tape.draws, tape.numbers


def _without_gradient(view: View, x: Tensor, draws: list[Draw], numbers: list[Tensor]) -> set[int]:
    """Returns the places of draws in whose numbers the view has no gradient, when everything that may happen does."""
    told = [place for place, draw in enumerate(draws) if draw.cells and not draw.discrete]
    tried = [torch.zeros_like(number) if draw.discrete and draw.cells else number.clone()
             for draw, number in zip(draws, numbers, strict=True)]  # fmt: skip
    for place in told:
        tried[place].requires_grad_()
    with torch.inference_mode(False), torch.enable_grad():
        y = view.transform(x, view.sample(x, Tape(numbers=tried)))
        found: tuple[Tensor | None, ...] = (None,) * len(told)
        if y.requires_grad and told:
            weight = torch.rand(y.shape, generator=torch.Generator().manual_seed(1))
            found = torch.autograd.grad((y * weight).sum(), [tried[place] for place in told], allow_unused=True)
    seen = {place for place, slope in zip(told, found, strict=True) if slope is not None and bool(slope.any())}
    return set(range(len(draws))) - seen


def _owners(view: View, x: Tensor, kept: list[bool]) -> tuple[list[str], list[str]]:
    """Returns the names of a chain's entries that draw what is tilted, and of each such draw the entry's name."""
    if not isinstance(view, Compose):
        return [], [""] * sum(kept)
    owners: list[str] = []
    for name, known in view.inputs(x).items():
        tape = Tape(torch.Generator().manual_seed(0))
        view[name].sample(known, tape)
        owners += [name] * len(tape.draws)
    owners = [owner for owner, each in zip(owners, kept, strict=True) if each]
    return list(dict.fromkeys(owners)), owners
