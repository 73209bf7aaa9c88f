"""Filling in what depends on the data, and the classes that there are to choose from."""

import inspect
from typing import TypeVar

from jsonargparse import Namespace

from viewlearn.data import DataSpec
from viewlearn.runs.names import imported
from viewlearn.runs.signatures import makes, parameters_of
from viewlearn.views import View

Component = TypeVar("Component")


def bind(component: Component, spec: DataSpec) -> Component:
    """Fills what depends on the data into the configuration of a component, and of those nested in it.

    An argument is filled if it is None and has the name of one of ``spec.bindings()``. A component that a function
    makes, which has no arguments of its own, stays as it is.
    """
    bound = _bind(component, spec)
    assert isinstance(bound, type(component))
    return bound


def _bind(node: object, spec: DataSpec) -> object:
    if isinstance(node, list):
        return [_bind(item, spec) for item in node]
    if not isinstance(node, Namespace | dict):
        return node
    children = vars(node) if isinstance(node, Namespace) else node
    filled = {key: _bind(value, spec) for key, value in children.items()}
    class_path = filled.get("class_path")
    if isinstance(class_path, str):
        arguments = dict(vars(filled["init_args"])) if isinstance(filled.get("init_args"), Namespace) else {}
        target = imported(class_path)
        wanted = {name for name in parameters_of(target) if arguments.get(name) is None}
        known = spec.bindings(of_view=makes(target, (View,)))
        arguments |= {name: value for name, value in known.items() if name in wanted}
        filled["init_args"] = Namespace(**arguments)
    return Namespace(**filled) if isinstance(node, Namespace) else filled


def subclasses(base: type) -> set[type]:
    """All classes that derive from ``base`` and have been imported."""
    return {below for child in base.__subclasses__() for below in (child, *subclasses(child))}


def subclass_names(base: type) -> set[str]:
    """The names of these classes, without private and abstract ones."""
    return {c.__name__ for c in subclasses(base) if not c.__name__.startswith("_") and not inspect.isabstract(c)}
