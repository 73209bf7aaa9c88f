"""What constructors and checks find wrong, told by the flags that a user writes.

A constructor knows its arguments by their names, ``size is 8; it must be at most …``, and not where in a configuration
it stands. What makes a component does, and puts the flag in front: ``--data.size is 8; …``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jsonargparse import Namespace

from viewlearn.runs.messages import SUPPLIED, cause
from viewlearn.runs.names import imported

Node = Mapping[str, Any] | Namespace


@contextmanager
def naming_flags(key: str, component: object) -> Iterator[None]:
    """Within, a ValueError's message begins with the flag that it is about.

    Args:
        key: Flag of a component, without dashes.
        component: Its configuration, a class and arguments, or a function that makes it.

    Raises:
        ValueError: The error, with flags.
    """
    try:
        yield
    except ValueError as error:
        path = _children(component, "class_path")
        own = _children(component) if path else component  # settings that travel together have no class to name
        arguments = _entries(own) if isinstance(own, Mapping | Namespace) else {}
        raise _retold(error, in_flags(cause(error), key, arguments, (path or "").rpartition(".")[2])) from error


@contextmanager
def naming_settings(settings: Node) -> Iterator[None]:
    """Within, a ValueError's message that begins with the name of a run's setting begins with its flag.

    Raises:
        ValueError: The error, with a flag if it begins with a setting's name.
    """
    try:
        yield
    except ValueError as error:
        message = str(error)
        name = message.partition(" is ")[0]
        if name not in _entries(settings) or not message.startswith(f"{name} is "):
            raise
        raise _retold(error, f"--{message}") from error


def in_flags(message: str, key: str, arguments: Mapping[str, object], what: str) -> str:
    """Puts in front of a message the flags that it is about.

    Those are the arguments that it names or whose values it repeats; without any, the component's own.

    Args:
        message: What is wrong, in the words of Python.
        key: Flag of the component, without dashes.
        arguments: Its arguments.
        what: Name of its class.
    """
    if message.startswith("--") or f"--{key}" in message:
        return message
    mine = [name for name in arguments if name not in SUPPLIED]
    if message.partition(" ")[0] in mine:
        return f"--{key}.{message}"
    named = [name for name in mine if _names(message, name) or _repeats(message, arguments[name])]
    flags = ", ".join(f"--{key}.{name}" for name in named) or f"--{key} {what}".rstrip()
    return f"{flags}: {message}"


def maker(settings: Node) -> Callable[..., object]:
    """What the parsing library is to make components with, so that what their constructors refuse names its flag.

    Args:
        settings: The configuration that components stand in, by key.
    """

    def make(kind: Any, *args: Any, **kwargs: Any) -> object:
        try:
            return kind(*args, **kwargs)
        except ValueError as error:
            for key, each in _components(settings):
                if _is_made_so(each, kind, kwargs):
                    raise _retold(error, in_flags(str(error), key, kwargs, kind.__name__)) from error
            raise

    return make


def _retold(error: ValueError, message: str) -> ValueError:
    """An error with another message, and the notes of the first one."""
    told = ValueError(message)
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def _components(node: object, key: str = "") -> Iterator[tuple[str, Node]]:
    """The components in a configuration, each with its key; those in others come after them."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from _components(each, key)
    if not isinstance(node, Mapping | Namespace):
        return
    arguments = _children(node)
    if arguments is not None:
        yield key, node
    for name, each in _entries(node if arguments is None else arguments).items():
        yield from _components(each, f"{key}.{name}".lstrip("."))


def _is_made_so(component: Node, kind: type, arguments: Mapping[str, object]) -> bool:
    """Whether a class called with these arguments makes the component, as far as plain values tell."""
    given = _children(component) or {}
    return imported(_children(component, "class_path")) is kind and all(
        _plain(value) == _plain(arguments.get(name)) for name, value in given.items() if _is_plain(value)
    )


def _children(component: object, name: str = "init_args") -> Any:
    """An entry of what names a class, the arguments as a mapping; None where a class isn't named."""
    if not isinstance(component, Mapping | Namespace):
        return None
    entries = _entries(component)
    if not isinstance(entries.get("class_path"), str):
        return None
    return _entries(entries.get("init_args") or {}) if name == "init_args" else entries[name]


def _entries(node: Node) -> Mapping[str, Any]:
    return vars(node) if isinstance(node, Namespace) else node


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: object) -> object:
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _names(message: str, argument: str) -> bool:
    return re.search(rf"(?<![\w.]){argument}(?!\w)", message) is not None


def _repeats(message: str, value: object) -> bool:
    """Whether a message has a value: a text in quotes or at its beginning, or a number where it says what it got."""
    if isinstance(value, str):
        return bool(value) and (repr(value) in message or message.startswith((f"{value} ", f"{value}:", f"{value}/")))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and message.endswith(f": {value}")
