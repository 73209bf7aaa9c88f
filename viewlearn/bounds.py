"""Bounds and words as part of an argument's type, checked alike on the command line and in Python.

An argument has them by its annotation::

    def __init__(self, probability: Fraction = 0.5, dim: Width = 128): ...

Components (views, encoders, methods, data, overlays) are checked wherever they are made, since their base classes are
``Checked``; other constructors by the decorator ``checked``, settings by ``check_fields``. For a type checker these
are plain numbers, and numbers without bounds must still be finite (``PLAIN``).
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bounds:
    """The numbers that an argument takes.

    Args:
        low: Smallest number.
        high: Largest number.
        without_low: Whether the smallest number itself is left out.
        without_high: Whether the largest number itself is left out.
    """

    low: float
    high: float
    without_low: bool = False
    without_high: bool = False

    def hold(self, value: float) -> bool:
        """Returns whether a number lies within the bounds."""
        above = value > self.low if self.without_low else value >= self.low
        return above and (value < self.high if self.without_high else value <= self.high)

    def __str__(self) -> str:
        opening, closing = "(" if self.without_low else "[", ")" if self.without_high else "]"
        return f"{opening}{_plain(self.low)}, {_plain(self.high)}{closing}"


@dataclass(frozen=True)
class Ascending:
    """Two numbers, the second no smaller than the first."""


# Numbers whose type has no bounds, such as those of foreign classes: what lies beyond is a slip of the hand.
PLAIN = Bounds(-1e9, 1e9)

Channels = Annotated[int, Bounds(1, 4096)]
Count = Annotated[int, Bounds(1, 1e9)]
CountOrZero = Annotated[int, Bounds(0, 1e9)]
SmallCount = Annotated[int, Bounds(1, 1000)]
SmallCountOrZero = Annotated[int, Bounds(0, 1000)]
Pixels = Annotated[int, Bounds(1, 16_384)]
SampleRate = Annotated[int, Bounds(100, 1_000_000)]
Seed = Annotated[int, Bounds(0, 2**32 - 1)]
Width = Annotated[int, Bounds(1, 65_536)]

Decibels = Annotated[float, Bounds(-300, 300)]
Fraction = Annotated[float, Bounds(0, 1)]
FractionBelowOne = Annotated[float, Bounds(0, 1, without_high=True)]
Gigabytes = Annotated[float, Bounds(0, 1e6)]
Hertz = Annotated[float, Bounds(0, 1e6)]
NonNegative = Annotated[float, Bounds(0, 1e9)]
Positive = Annotated[float, Bounds(0, 1e9, without_low=True)]
PositiveDecibels = Annotated[float, Bounds(0, 300, without_low=True)]
PositiveFraction = Annotated[float, Bounds(0, 1, without_low=True)]
Seconds = Annotated[float, Bounds(0, 86_400, without_low=True)]
SecondsOrZero = Annotated[float, Bounds(0, 86_400)]
Temperature = Annotated[float, Bounds(1 / 600, 100)]  # below, exp(1 / temperature) overflows
Value = Annotated[float, PLAIN]

DecibelRange = Annotated[tuple[Decibels, Decibels], Ascending()]
FractionRange = Annotated[tuple[Fraction, Fraction], Ascending()]
HertzRange = Annotated[tuple[Annotated[float, Bounds(1, 1e6)], Annotated[float, Bounds(1, 1e6)]], Ascending()]
NonNegativeRange = Annotated[tuple[NonNegative, NonNegative], Ascending()]
PositiveFractionRange = Annotated[tuple[PositiveFraction, PositiveFraction], Ascending()]
PositiveRange = Annotated[tuple[Positive, Positive], Ascending()]
ValueRange = Annotated[tuple[Value, Value], Ascending()]


class Checked:
    """A base of classes whose constructors check the bounds of their arguments."""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = checked(cls.__init__)


def fault(value: object, hint: Any) -> str | None:
    """What a value must do, if its type has bounds, or lists its words, and it lies outside of them; else None.

    Values of another type than a number's or a word's, or those within, at any depth of lists and mappings, are left
    alone.
    """
    members = _members(hint)
    if isinstance(value, str):
        words = [kind for kind, _ in members if get_origin(kind) is Literal]
        is_free = not words or any(kind in (str, Any) for kind, _ in members)
        return None if is_free or any(value in get_args(kind) for kind in words) else f"be {name_of(hint)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        allowed = [bounds for kind, bounds in members if isinstance(bounds, Bounds)]
        if not allowed or any(bounds.hold(value) for bounds in allowed):
            return None
        null = ", or null" if any(kind is NoneType for kind, _ in members) else ""
        return "lie in " + " or ".join(map(str, dict.fromkeys(allowed))) + null
    if isinstance(value, Mapping):
        hints = [get_args(kind)[1] for kind, _ in members if len(get_args(kind)) == 2]
        return next((said for each in value.values() for hint in hints[:1] if (said := fault(each, hint))), None)
    if isinstance(value, Sequence):
        return _fault_of_sequence(value, members)
    return None


def _fault_of_sequence(values: Sequence[object], members: Sequence[tuple[Any, object]]) -> str | None:
    for kind, bounds in members:
        if not (inspect.isclass(origin := get_origin(kind)) and issubclass(origin, Sequence)):
            continue
        hints = get_args(kind)
        fixed = origin is tuple and hints[-1:] != (...,)
        for value, hint in zip(values, hints if fixed else hints[:1] * len(values), strict=False):
            if said := fault(value, hint):
                within = said.removeprefix("lie in ")
                return f"be (smallest, largest) within {within}" if isinstance(bounds, Ascending) else f"{said}, each"
        if isinstance(bounds, Ascending) and list(values) != sorted(values):  # pyrefly: ignore[bad-specialization]
            return "be (smallest, largest)"
    return None


def _members(hint: Any) -> list[tuple[Any, object]]:
    """The types of a union, or the type alone, each with its bounds."""
    if get_origin(hint) is Annotated:
        kind, *metadata = get_args(hint)
        bounds = next((each for each in metadata if isinstance(each, Bounds | Ascending)), None)
        return [(kind, bounds)] if bounds else _members(kind)
    if get_origin(hint) in (Union, UnionType):
        return [member for each in get_args(hint) for member in _members(each)]
    return [(hint, PLAIN if hint in (int, float) else None)]


def alternatives(hint: Any) -> tuple[Any, ...]:
    """The members of a union; of another type, itself alone. What an annotation adds to a type is left out."""
    if get_origin(hint) is Annotated:
        return alternatives(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return tuple(member for each in get_args(hint) for member in alternatives(each))
    return (hint,)


def name_of(hint: Any) -> str:
    """A type as a message names it: ``int, null`` for ``int | None``, ``one of 'a', 'b'`` for a literal."""
    if get_origin(hint) in (Union, UnionType):
        return ", ".join(map(name_of, get_args(hint)))
    arguments = get_args(hint)
    if get_origin(hint) is Annotated:
        bounds = [f" in {each}" for each in arguments[1:] if isinstance(each, Bounds)]
        return name_of(arguments[0]) + "".join(bounds)
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, arguments))
    if get_origin(hint) is tuple:
        return f"[{', '.join('…' if each is ... else name_of(each) for each in arguments)}]"
    if inspect.isclass(get_origin(hint)) and issubclass(get_origin(hint), Sequence):
        return f"list of {name_of(arguments[0])}"
    return "null" if hint is NoneType else getattr(get_origin(hint) or hint, "__name__", str(hint))


def check(name: str, value: object, hint: Any) -> None:
    """Checks one value.

    Args:
        name: How to call it.
        value: The value.
        hint: Its type.

    Raises:
        ValueError: It lies outside of its bounds; the message has name, value, and what is allowed.
    """
    if said := fault(value, hint):
        shown = list(value) if isinstance(value, tuple) else repr(value) if isinstance(value, str) else value
        raise ValueError(f"{name} is {shown}; it must {said}")


def checked(function: Function) -> Function:
    """Makes a function or constructor check its arguments before it runs."""
    hints: dict[str, Any] = {}

    @wraps(function)
    def checking(*args: Any, **kwargs: Any) -> Any:
        if not hints:  # at the first call, when all names that annotations use have been defined
            hints.update(get_type_hints(function, include_extras=True))
        for name, value in inspect.signature(function).bind_partial(*args, **kwargs).arguments.items():
            check(name, value, hints.get(name))
        return function(*args, **kwargs)

    return checking  # pyrefly: ignore[bad-return]  (wraps keeps the signature)


def check_fields(settings: object) -> None:
    """Checks the fields of a dataclass, whose ``__post_init__`` calls this."""
    for name, hint in get_type_hints(type(settings), include_extras=True).items():
        check(name, getattr(settings, name), hint)


def _plain(limit: float) -> str:
    return f"{limit:g}" if math.isinf(limit) or abs(limit) < 1e-3 or limit != int(limit) else f"{int(limit)}"
