"""From where the classes and functions that settings name are imported."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jsonargparse import Namespace, set_parsing_settings
from jsonargparse._common import parsing_settings  # what ends a restriction; the public function can only tighten it

from viewlearn.runs.components import GROUP

PACKAGES = ("viewlearn", "vision", "audio", "torch", "torchvision", "torchaudio", "timm")
_allowed: ContextVar[tuple[str, ...] | None] = ContextVar("packages that names may come from", default=None)
_added_paths: list[str] = []


class ForeignName(ImportError, ValueError):
    """A name that would be imported from a package that isn't trusted."""


def trusted_packages() -> tuple[str, ...]:
    """The packages that a run's folder may name: ours, those that they build on, and those that joined.

    A package joins by an entry point (see ``load_components``): it was installed, and every command imports it anyway,
    so that naming it runs nothing new.
    """
    joined = {entry.module.partition(".")[0] for entry in entry_points(group=GROUP)}
    return (*PACKAGES, *sorted(joined - set(PACKAGES)))


@contextmanager
def names_from(packages: Sequence[str] | None) -> Iterator[None]:
    """Within, names are imported from these packages alone, by the parsing library as by ``imported``.

    Also, the current folder isn't searched where ``search_current_folder`` added it, and no class is made where the
    type of an argument doesn't ask for one.

    Args:
        packages: Names of packages; None for any, but for those of the standard library that run code or touch files.
    """
    settings, path = dict(parsing_settings), list(sys.path)
    token = _allowed.set(None if packages is None else tuple(packages))
    try:
        set_parsing_settings(
            import_path_denylist=[] if packages is None else ["*"],
            import_path_allowlist=list(packages or ()),
            instantiate_subclass_spec_in_any=False,
        )
        if packages is not None:
            sys.path[:] = [entry for entry in path if entry not in _added_paths]
        yield
    finally:
        sys.path[:] = path
        parsing_settings.update(settings)
        _allowed.reset(token)


def names_of_folder(trust: bool) -> AbstractContextManager[None]:
    """Within, names are those of a run's folder: from ``trusted_packages``, or from any package with ``trust``."""
    if trust:
        return names_from(None)
    with names_from(()):  # what was installed counts, not what the current folder says was
        packages = trusted_packages()
    return names_from(packages)


def search_current_folder() -> None:
    """Finds modules in the current folder, too, as ``python -m`` does; behind all that is installed."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
        _added_paths.append(here)


def imported(path: str) -> Any:
    """Imports the class or function of a dotted path.

    Raises:
        ForeignName: It isn't from the packages that names may come from here.
        ImportError: No such module.
        AttributeError: The module has no such name.
    """
    if not all(part.isidentifier() for part in path.split(".")) or "." not in path:
        raise ImportError(f"{path!r} is no import path such as my_package.MyClass")
    module, _, name = path.rpartition(".")
    packages = _allowed.get()
    if packages is not None and path.partition(".")[0] not in packages:
        raise ForeignName(
            f"{path} isn't imported, since that runs its code: a run's folder may name classes of "
            f"{', '.join(packages)}; for others, say that you trust it (--trust, or trust=True)"
        )
    return getattr(import_module(module), name)


def refuse_foreign(settings: object, key: str = "") -> None:
    """Goes through settings, plain or parsed, for classes that may not be imported here.

    Raises:
        ForeignName: There is one; the message says which, and where.
    """
    packages = _allowed.get()
    if packages is None:
        return
    if isinstance(settings, Namespace):
        settings = vars(settings)
    if isinstance(settings, Mapping):
        path = settings.get("class_path")
        if isinstance(path, str) and "." in path and path.partition(".")[0] not in packages:
            try:
                imported(path)
            except ForeignName as error:
                raise ForeignName(f"--{key}: {error}" if key else str(error)) from None
        for name, value in settings.items():
            refuse_foreign(value, key if name == "init_args" else f"{key}.{name}".lstrip("."))
    elif isinstance(settings, Sequence) and not isinstance(settings, str):
        for value in settings:
            refuse_foreign(value, key)
