"""What classes and functions say of their arguments, and of what they make."""

import inspect
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, get_args, get_origin


def parameters_of(target: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a class or a function by name.

    Where a constructor passes ``**kwargs`` on, those of the class above it are among them.
    """
    if not inspect.isclass(target):
        return _named(signature_of(target))
    parameters: dict[str, inspect.Parameter] = {}
    for owner in target.__mro__:
        if "__init__" in vars(owner):
            own = signature_of(owner.__init__)
            parameters = {**_named(own), **parameters}
            if not any(each.kind is each.VAR_KEYWORD for each in own.parameters.values()):
                break
    parameters.pop("self", None)
    return parameters


def signature_of(function: Any) -> inspect.Signature:
    """The signature of a function, whose annotations are types, not texts, where they can be looked up."""
    try:
        return inspect.signature(function, eval_str=True)
    except (NameError, AttributeError, TypeError):  # written for type checkers, who import more
        return inspect.signature(function)


def makes(target: object, bases: tuple[type, ...]) -> bool:
    """Returns whether calling a target makes one of these: it is a subclass, or a function annotated to return one."""
    if inspect.isclass(target):
        return issubclass(target, bases)
    if not inspect.isfunction(target):
        return False
    returned = signature_of(target).return_annotation
    return inspect.isclass(returned) and issubclass(returned, bases)


def classes_in(hint: Any) -> tuple[type, ...]:
    """The classes whose instances belong into a place of this type, at any depth; no numbers, texts or containers.

    Of ``Callable[[A], B]`` it is ``B``.
    """
    origin = get_origin(hint)
    if origin is None:
        plain = not inspect.isclass(hint) or hint.__module__ == "builtins" or hint is NoneType
        return () if plain else (hint,)
    arguments = get_args(hint)
    inner = arguments[-1:] if origin is Callable else arguments[:1] if origin is Annotated else arguments
    return tuple(dict.fromkeys(each for argument in inner for each in classes_in(argument)))


def _named(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in signature.parameters.items() if each.kind not in unnamed}
