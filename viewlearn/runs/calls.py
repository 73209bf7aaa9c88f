"""What parsed settings would call, checked before anything is called."""

import inspect
from collections.abc import Mapping
from typing import Any

from jsonargparse import Namespace

from viewlearn.runs.names import imported
from viewlearn.runs.signatures import classes_in, makes, parameters_of


def check_calls(value: object, hint: Any, flag: str) -> None:
    """Checks that all that a setting would call, at any depth, makes what its place takes.

    Args:
        value: Parsed setting.
        hint: Type of its place.
        flag: Flag of the setting.

    Raises:
        ValueError: Something else would be called; the message says where, what, and what is allowed.
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
                check_calls(each, parameters[name].annotation, f"{flag}.{name}")
    elif isinstance(value, list | tuple):
        for each in value:
            check_calls(each, hint, flag)
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
