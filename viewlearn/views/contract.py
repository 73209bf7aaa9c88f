"""What views make of a batch, checked entry by entry before training, so that a slip is told with the view's name."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Generator, Tensor

from viewlearn.views.compose import Compose
from viewlearn.views.params import Params

SLACK = 0.5  # of the range's width, by which values may leave it on either side: unclamped noise does
LARGEST_GROWTH = 30.0  # of magnitudes where no range is known: a gain of 30 dB; 255 is a slip


def check_views(
    views: Compose, x: Tensor, channels: int, value_range: tuple[float, float] | None, generator: Generator
) -> None:
    """Checks what a pipeline's entries draw and make of a batch, one after the other.

    Args:
        views: Pipeline from stored samples to the encoder's input, see ``pipeline``.
        x: Stored samples ``(batch, …)``.
        channels: Number of channels that the encoder reads.
        value_range: Lowest and highest value that the encoder reads; None where there is no such range.
        generator: Random numbers of the draws.

    Raises:
        ValueError: Parameters without the batch as their first dimension; samples that became fewer, of another type,
            or of another shape than ``like`` says; values that are NaN, infinite, or in other units; another number of
            channels than the encoder reads. The message names the entry.
    """
    ranged = ("front_end" if "front_end" in views.names else "decode") if value_range else None
    allowed = None
    for name, entry in views.entries.items():
        what = f"view {name!r} ({type(entry).__module__}.{type(entry).__qualname__})"
        with _noting(f"in sample of {what}, on the first batch"):
            params = entry.sample(x, generator)
            expected = entry.like(x)
        for path, value in _leaves(params):
            if value.ndim == 0 or len(value) != len(x):
                raise ValueError(
                    f"{what} draws {path!r} of shape {tuple(value.shape)} for {len(x)} samples; the first dimension of "
                    "a parameter is the batch"
                )
        with _noting(f"in transform of {what}, on the first batch"):
            y = entry.transform(x, params)
        y = y.detach() if isinstance(y, Tensor) else y
        _check_form(what, x, y, expected)
        if name not in ("decode", "front_end"):
            _check_values(what, x, y, allowed)
            if y.ndim == 4 and len(y) and allowed and y.shape[1] != channels:
                raise ValueError(f"{what} gives {y.shape[1]} channels; the encoder reads {channels}")
        if name == ranged:
            allowed = value_range
        x = y


def _check_form(what: str, x: Tensor, y: object, expected: Tensor) -> None:
    if not isinstance(y, Tensor):
        raise ValueError(f"{what} gives a {type(y).__name__}; a view gives a tensor")
    if y.ndim == 0 or len(y) != len(x):
        raise ValueError(f"{what} gives {tuple(y.shape)} for a batch of {len(x)}; a view gives one row for each sample")
    if y.shape != expected.shape:
        raise ValueError(
            f"{what} turns {tuple(x.shape[1:])} into {tuple(y.shape[1:])}, and its like() says "
            f"{tuple(expected.shape[1:])}: a view keeps the shape, or says by like() what it makes of it"
        )
    if y.dtype != expected.dtype:
        raise ValueError(f"{what} turns {x.dtype} into {y.dtype}, and its like() says {expected.dtype}")


def _check_values(what: str, x: Tensor, y: Tensor, allowed: tuple[float, float] | None) -> None:
    if not y.isfinite().all():
        raise ValueError(f"{what} gives {int((~y.isfinite()).sum())} values that are NaN or infinite, of {y.numel()}")
    low, high = float(y.min()), float(y.max())
    if allowed is not None:
        slack = SLACK * (allowed[1] - allowed[0])
        if low < allowed[0] - slack or high > allowed[1] + slack:
            raise ValueError(
                f"{what} gives values in [{low:.3g}, {high:.3g}]; views keep natural units, here "
                f"[{allowed[0]:g}, {allowed[1]:g}], and encoders normalize by themselves"
            )
        return
    before = max(1.0, float(x.abs().max()))
    if max(-low, high) > LARGEST_GROWTH * before:
        raise ValueError(
            f"{what} turns values of up to {before:.3g} into [{low:.3g}, {high:.3g}]; views keep natural units"
        )


def _leaves(params: Params, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yields the parameters with their paths."""
    for name, value in params.items():
        below = f"{path}.{name}".lstrip(".")
        if isinstance(value, dict):
            yield from _leaves(value, below)
        else:
            yield below, value


@contextmanager
def _noting(where: str) -> Iterator[None]:
    """Within, an error's traceback ends with where it happened."""
    try:
        yield
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        error.add_note(where)
        raise
