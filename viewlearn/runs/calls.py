"""What parsed settings would call, and with which values: checked before anything is called."""

import inspect
from collections.abc import Mapping
from types import NoneType
from typing import Any

from jsonargparse import Namespace

from viewlearn.bounds import alternatives, check, name_of
from viewlearn.runs.names import imported
from viewlearn.runs.signatures import classes_in, makes, parameters_of


def check_calls(value: object, hint: Any, flag: str) -> None:
    """Checks that all that a setting would call, at any depth, makes what its place takes, with values within bounds.

    Args:
        value: Parsed setting.
        hint: Type of its place.
        flag: Flag of the setting.

    Raises:
        ValueError: Something else would be called, or a value is out of bounds; the message says where, what, and
            what is allowed.
    """
    if isinstance(value, Mapping | Namespace):
        entries = vars(value) if isinstance(value, Namespace) else value
        path = entries.get("class_path")
        if not isinstance(path, str):
            for name, each in entries.items():
                check_calls(each, hint, f"{flag}.{name}")
            return
        target = imported(path)
        check_call(target, classes_in(hint), flag, path)
        arguments = entries.get("init_args") or {}
        parameters = parameters_of(target)
        for name, each in (vars(arguments) if isinstance(arguments, Namespace) else arguments).items():
            if name in parameters:
                _check_null(each, parameters[name], f"{flag}.{name}")
                check_calls(each, parameters[name].annotation, f"{flag}.{name}")
    elif isinstance(value, list | tuple):
        check(flag, value, hint)
        for each in value:
            if isinstance(each, Mapping | Namespace):
                check_calls(each, hint, flag)
    elif isinstance(value, int | float):
        check(flag, value, hint)
    elif inspect.isroutine(value):
        check_call(value, classes_in(hint), flag, value.__qualname__)


def check_call(target: object, bases: tuple[type, ...], flag: str, name: str) -> None:
    """Checks that calling ``target`` makes an instance of one of these classes.

    Raises:
        ValueError: It doesn't, or doesn't say so, or is an abstract class.
    """
    if not makes(target, bases):
        wanted = " or ".join(base.__name__ for base in bases) or "nothing"
        raise ValueError(
            f"{flag}: {name} isn't called; allowed are a subclass of {wanted} and a function annotated to return one"
        )
    if inspect.isabstract(target):
        raise ValueError(f"{flag}: {name} is abstract, methods that it must have are missing")


def _check_null(value: object, parameter: inspect.Parameter, flag: str) -> None:
    """Refuses null where neither type nor default is; the parsing library lets it pass."""
    members = alternatives(parameter.annotation)
    unknown = any(each in (NoneType, Any, parameter.empty) or isinstance(each, str) for each in members)
    if value is None and not unknown and parameter.default is not None:
        raise ValueError(f"{flag}: expected {name_of(parameter.annotation)}, got null")
