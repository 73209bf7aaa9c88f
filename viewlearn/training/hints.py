"""Error messages for the command line: what was wrong, what was probably meant, what is allowed."""

import difflib
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence

UNKNOWN_FLAG = re.compile(r"[Uu]nrecognized arguments: (--[^\s=]+)")
UNKNOWN_ARGUMENT = re.compile(r"Option '(\w+)' is not accepted")
UNKNOWN_CLASS = re.compile(r'Parser key "(\w+)".*Expected a dot import path string: (\S+)', re.DOTALL)
KEY = re.compile(r'Parser key "([\w.]+)":\s*')
FRAME = re.compile(r"Problem with given class_path '[\w.]+':\s*|Does not validate against any of the Union subtypes\s*")


def explain(
    message: str,
    flags: Sequence[str] = (),
    bases: dict[str, type] | None = None,
    argv: Sequence[str] = (),
    defaults: Mapping | None = None,
) -> str:
    """A short text for one of jsonargparse's messages.

    Args:
        message: its own.
        flags: all that there are.
        bases: of each component's flag, the class that its values derive from.
        argv: the command line.
        defaults: of the flags.
    """
    if found := UNKNOWN_FLAG.search(message):
        return f"there is no flag {found[1]}{nearest(found[1], flags)}"
    given = {token.split("=")[0].removeprefix("--"): i for i, token in enumerate(argv) if token.startswith("--")}
    if found := UNKNOWN_ARGUMENT.search(message):
        owner = next((flag.rpartition(".")[0] for flag in given if flag.endswith(f".{found[1]}")), "")
        path = _chosen_class(owner, given, argv, (bases or {}).get(owner), defaults)
        if path:
            names = list(signature_of(path))
            hint = nearest(found[1], names, f"--{owner}.")
            return (
                f"{path.rpartition('.')[2]} has no argument {found[1]!r}{hint}\nits own: {', '.join(names) or 'none'}"
            )
    if (found := UNKNOWN_CLASS.search(message)) and found[1] in (bases or {}):
        names = sorted(subclass_names(bases[found[1]]))
        return (
            f"there is no class {found[2]!r} for --{found[1]}{nearest(found[2], names)}\n"
            f"known: {', '.join(names)}; a class of your own takes its import path: my_package.MyClass"
        )
    key = KEY.search(message)
    reasons = FRAME.sub("", message[key.end() if key else 0 :]).split("Given value type")[0]
    if "Errors:" in reasons:  # of an optional type: the error of the type proper, not that it isn't None
        reasons = reasons.split("Errors:")[1].split("- Expected a <class 'NoneType'>")[0].strip(" \n-")
    if not key:
        return reasons.strip()
    flag = next((flag for flag in given if flag.endswith(f".{key[1]}")), key[1])
    return f"--{flag}: {' '.join(reasons.split())}"


def _chosen_class(
    owner: str, given: dict[str, int], argv: Sequence[str], base: type | None, defaults: Mapping | None
) -> str | None:
    """The import path of the class that a component's flag names, or of its default."""
    if owner in given:
        token = argv[given[owner]]
        name = token.partition("=")[2] or (argv[given[owner] + 1] if given[owner] + 1 < len(argv) else "")
        if "." in name or base is None:
            return name if "." in name else None
        return next((f"{c.__module__}.{c.__name__}" for c in subclasses(base) if c.__name__ == name), None)
    default = (defaults or {}).get(owner)
    return default.get("class_path") if default else None


def nearest(word: str, words: Sequence[str], prefix: str = "") -> str:
    """``; did you mean …?``, or nothing where no word is near."""
    near = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def signature_of(path: str) -> dict[str, inspect.Parameter]:
    """The parameters of a class or function that is named by its import path, those passed on as keywords left out."""
    module, _, name = path.rpartition(".")
    parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: parameter for name, parameter in parameters.items() if parameter.kind not in fixed}


def subclasses(base: type) -> set[type]:
    """All classes that derive from ``base`` and have been imported."""
    return {below for child in base.__subclasses__() for below in (child, *subclasses(child))}


def subclass_names(base: type) -> set[str]:
    """Their names, private and abstract ones left out."""
    return {c.__name__ for c in subclasses(base) if not c.__name__.startswith("_") and not inspect.isabstract(c)}
