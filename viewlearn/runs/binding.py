"""Filling in what depends on the data, and what classes say of their arguments."""

import importlib
import inspect
from typing import Any

from jsonargparse import Namespace

from viewlearn.data import DataSpec


def bind(component: Namespace, spec: DataSpec) -> Namespace:
    """Fills what depends on the data into the configuration of a component, and of those nested in it.

    An argument is filled if it is None and has the name of one of ``spec.bindings()``.
    """
    bound = _bind(component, spec.bindings())
    assert isinstance(bound, Namespace)
    return bound


def _bind(node: object, bindings: dict[str, Any]) -> object:
    if isinstance(node, list):
        return [_bind(item, bindings) for item in node]
    if not isinstance(node, Namespace | dict):
        return node
    children = vars(node) if isinstance(node, Namespace) else node
    filled = {key: _bind(value, bindings) for key, value in children.items()}
    class_path = filled.get("class_path")
    if isinstance(class_path, str):
        arguments = dict(vars(filled["init_args"])) if isinstance(filled.get("init_args"), Namespace) else {}
        wanted = {name for name in parameters_of(imported(class_path)) if arguments.get(name) is None}
        arguments |= {name: value for name, value in bindings.items() if name in wanted}
        filled["init_args"] = Namespace(**arguments)
    return Namespace(**filled) if isinstance(node, Namespace) else filled


def imported(path: str) -> Any:
    """Imports the class or function of a dotted path.

    Raises:
        ImportError: No such module.
        AttributeError: The module has no such name.
    """
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def parameters_of(target: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a class or a function by name.

    Where a constructor passes ``**kwargs`` on, those of the class above it are among them.
    """
    if not inspect.isclass(target):
        return _named(inspect.signature(target))
    parameters: dict[str, inspect.Parameter] = {}
    for owner in target.__mro__:
        if "__init__" in vars(owner):
            own = inspect.signature(owner.__init__)
            parameters = {**_named(own), **parameters}
            if not any(each.kind is each.VAR_KEYWORD for each in own.parameters.values()):
                break
    parameters.pop("self", None)
    return parameters


def _named(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in signature.parameters.items() if each.kind not in unnamed}


def subclasses(base: type) -> set[type]:
    """All classes that derive from ``base`` and have been imported."""
    return {below for child in base.__subclasses__() for below in (child, *subclasses(child))}


def subclass_names(base: type) -> set[str]:
    """The names of these classes, without private and abstract ones."""
    return {c.__name__ for c in subclasses(base) if not c.__name__.startswith("_") and not inspect.isabstract(c)}
