"""Bad values of every argument, derived from its type: each is one line with flag, value and what is allowed."""

import inspect
import math
from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from torch.optim import SGD, Adam, AdamW

from viewlearn.bounds import Ascending, Bounds
from viewlearn.data import Data
from viewlearn.encoders import Encoder
from viewlearn.methods import Method
from viewlearn.optimizers import ConvMuon
from viewlearn.runs import load_components
from viewlearn.runs.binding import subclasses
from viewlearn.runs.messages import asked_of
from viewlearn.runs.parser import MakeOptimizer, Parser
from viewlearn.runs.signatures import parameters_of
from viewlearn.views import Compose, View

VALUES = ["null", "100000000000000000000", "-1", "0", ".inf", ".nan", '""', "word", "[]", "{}", "1e30", "[2, 1]", "3.5"]
OURS = ("viewlearn", "vision", "audio")


def fits(value: object, hint: Any) -> bool | None:
    """Whether a value is one of a type, with its bounds, by a slow rule of its own; None where it can't tell."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, *more = arguments
        if not fits(value, inner):
            return fits(value, inner)
        for each in more:
            if isinstance(each, Bounds) and not (each.low <= value <= each.high):
                return False
            if isinstance(each, Bounds) and (each.without_low and value == each.low):
                return False
            if isinstance(each, Bounds) and (each.without_high and value == each.high):
                return False
            if isinstance(each, Ascending) and not value[0] <= value[1]:
                return False
        return True
    if origin in (Union, UnionType):
        found = [fits(value, each) for each in arguments]
        return True if True in found else None if None in found else False
    if origin is Literal:
        return value in arguments
    if hint in (NoneType, None):
        return value is None
    if hint in (int, float):
        number = isinstance(value, int | float if hint is float else int) and not isinstance(value, bool)
        return number and math.isfinite(value) and abs(value) <= 1e9 if number else False
    if hint is bool:
        return isinstance(value, bool)
    if hint is str:
        return None  # what a flag's text means to a program is for its constructor to say
    if origin is tuple or (inspect.isclass(origin) and issubclass(origin, Sequence)):
        if not isinstance(value, list):
            return False
        fixed = origin is tuple and arguments[-1] is not ...
        if fixed and len(value) != len(arguments):
            return False
        found = [fits(v, h) for v, h in zip(value, arguments if fixed else arguments[:1] * len(value), strict=True)]
        return False if False in found else None if None in found else True
    return None


def flat(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint) if get_origin(hint) is not Literal else ():
        yield from flat(each)


def places() -> list[tuple[str, type, str, inspect.Parameter]]:
    """Every argument of every component (flag, class, name, parameter), an inherited one once."""
    load_components()
    found = {}
    for flag, base in {"data": Data, "views": View, "encoder": Encoder, "method": Method}.items():
        for component in sorted(subclasses(base), key=lambda c: c.__qualname__):
            mine = component.__module__.split(".")[0] in OURS and not component.__name__.startswith("_")
            if not mine or inspect.isabstract(component):
                continue
            for name, parameter in parameters_of(component).items():
                owner = next(c for c in component.__mro__ if name in getattr(c.__init__, "__annotations__", {}))
                if (flag, owner, name) not in found and name in asked_of(component):
                    found[flag, owner, name] = (flag, component, name, parameter)
    for component in (SGD, Adam, AdamW, ConvMuon):
        for name, parameter in parameters_of(component).items():
            if name in asked_of(component):
                found[component, name] = ("optimizer", component, name, parameter)
    return list(found.values())


@pytest.fixture(scope="module")
def parsers() -> dict[str, Parser]:
    made = {}
    for flag, base in {"data": Data, "views": View, "encoder": Encoder}.items():
        made[flag] = Parser()
        made[flag].add_subclass_arguments(base, flag)
    made["method"], made["optimizer"] = Parser(), Parser()
    from collections.abc import Callable

    made["method"].add_argument("--method", type=Callable[[Encoder, Compose], Method])
    made["optimizer"].add_argument("--optimizer", type=MakeOptimizer)
    return made


def said_clearly(text: str, flag: str) -> bool:
    allowed = ("expected", "it must", "there is no class", "allowed are", "needs", "is no import path")
    return "\n" not in text and f"--{flag}" in text and any(word in text for word in allowed) and len(text) < 2500


def required(component: type, but: str) -> Iterator[tuple[str, str]]:
    """Arguments that a class can't do without, but the one in question."""
    for name in asked_of(component) - {but}:
        parameter = parameters_of(component).get(name)
        if parameter is not None and parameter.default is parameter.empty:
            kind = parameter.annotation
            if "Module" in str(kind) or "Callable" in str(kind):
                yield name, "torch.nn.Identity"
                continue
            if name in ("images", "sounds"):  # another data set
                yield name, {"images": "vision.PhotoDigits", "sounds": "audio.SyntheticVowels"}[name]
                continue
            is_view = inspect.isclass(kind) and issubclass(kind, View)
            yield name, "1" if not is_view else "Identity" if inspect.isabstract(kind) else kind.__name__


@pytest.mark.filterwarnings("ignore:.*chararray.*:DeprecationWarning")  # jsonargparse looks through all of numpy
def test_every_bad_value_of_every_argument_is_one_clear_line(parsers):
    tried, unclear = 0, []
    for flag, component, name, parameter in places():
        if component.__name__ == "ForeignSoundView":
            continue  # takes a function, which no flag can give
        given = [f"--{flag}", f"{component.__module__}.{component.__qualname__}"]
        for other, value in required(component, name):
            given += [f"--{flag}.{other}", value]
        for value in VALUES[tried % 3 :: 3]:  # a third of them, not always the same
            if fits(yaml.safe_load(value) if value != "1e30" else 1e30, parameter.annotation) is not False:
                continue
            tried += 1
            try:
                parsers[flag].parse([*given, f"--{flag}.{name}", value])
                unclear.append((component.__name__, name, value, "accepted"))
            except ValueError as error:
                if not said_clearly(str(error), f"{flag}.{name}"):
                    unclear.append((component.__name__, name, value, str(error)))
    assert not unclear, f"{len(unclear)} of {tried}: " + "\n".join(map(str, unclear))
    assert tried > 1000
