"""What classes and functions say of their arguments, and of what they make."""

import inspect
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from viewlearn.bounds import Bounds


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


def _named(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in signature.parameters.items() if each.kind not in unnamed}
