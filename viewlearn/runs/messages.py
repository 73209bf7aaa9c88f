"""Error messages for the command line: what was wrong, what was probably meant, what is allowed."""

import difflib
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN_FLAG = re.compile(r"[Uu]nrecognized arguments: (--[^\s=]+)")
UNKNOWN_OPTION = re.compile(r"Option '([\w.]+)' is not accepted|Group '([\w.]+)' does not accept option '(\w+)'")
UNKNOWN_CLASS = re.compile(r"Expected a dot import path string: (\S+)")
MISSING = re.compile(r"the following arguments are required: ([\w, ]+)")
KEY = re.compile(r'Parser key "([\w.]+)":\s*')
CLASS = re.compile(r"class_path[ =]'([\w.]+)'")
TYPES = re.compile(r"Subtypes: \[(.*)\]")
TYPE = re.compile(r"Expected an? (.+?)(?:\. Got value|$)", re.MULTILINE)
VALUE = re.compile(r"(?:Got|Given) value: (.*?)(?:\. Got value|$)", re.MULTILINE)
BUILT_IN = re.compile(r"<class '(?:int|float|bool|str|list|tuple|dict)'>|typing\.Literal|(?:list|tuple|dict)\[")
FRAME = re.compile(r"Problem with given class_path '[\w.]+':|Does not validate against any of the Union subtypes")
SUPPLIED = {"encoder", "views", "params"}  # arguments of methods and optimizers that the run fills in


def explain(message: str, flags: Sequence[str] = (), bases: Mapping[str, type] | None = None) -> str:
    """A short text for one of jsonargparse's messages; any other text is returned as it is.

    Args:
        message: its own, which nests: a key, the types that were tried for it, within them the keys of a class.
        flags: all that there are.
        bases: of each component's flag, the class that its values derive from.
    """
    if found := UNKNOWN_FLAG.search(message):
        return f"there is no flag {found[1]}{nearest(found[1], flags)}"
    keys = list(KEY.finditer(message))
    flag = ".".join(key[1] for key in keys)
    reason = message[keys[-1].end() :] if keys else message
    if found := UNKNOWN_OPTION.search(reason):
        return _unknown_option(found, flag, message, flags)
    if not keys:
        return _essence(message)
    if found := MISSING.search(reason):
        missing = ", ".join(f"--{flag}.{name}" for name in found[1].split(", "))
        return f"--{flag} {_short(CLASS.findall(message)[-1:])} needs {missing}"
    types = TYPES.search(reason) or TYPE.search(reason)
    if types and BUILT_IN.search(types[1]):
        value = VALUE.search(reason)
        hint = f"; write [{value[1]}]" if value and "list" in types[1] else ""
        return f"--{flag}: expected {_pretty(types[1])}" + (f", got {value[1]!r}" if value else "") + hint
    abstract = "is abstract" in reason
    if (found := UNKNOWN_CLASS.search(reason)) or abstract:
        base = (bases or {}).get(flag) or _base(reason)
        names = sorted(subclass_names(base)) if base else []
        what = f"there is no class {found[1]!r} for --{flag}{nearest(found[1], names)}" if found else ""
        known = f"known: {', '.join(names)}; a class of your own takes its import path: my_package.MyClass"
        return f"{what or f'--{flag}: this class is abstract, methods that it must have are missing'}\n{known}"
    return f"--{flag}: {_essence(reason)}"


def _essence(reason: str) -> str:
    """Of the errors of an optional type, that of the type proper, not that it isn't None; other text as it is."""
    if "Errors:" not in reason and not FRAME.search(reason):
        return reason.strip()
    reason = reason.split("Errors:")[-1].split("- Expected a <class 'NoneType'>")[0].split("Given value type")[0]
    return " ".join(FRAME.sub("", reason).split()).strip(" -")


def _unknown_option(found: re.Match, flag: str, message: str, flags: Sequence[str]) -> str:
    owners, name = CLASS.findall(message), found[1] or found[3]
    if found[2] or not owners:  # a key of a configuration file, outside of any class
        key = f"{found[2]}.{name}" if found[2] else name
        return f"there is no setting {key!r}{nearest(f'--{key}', flags)}"
    own = [parameter for parameter in signature_of(owners[-1]) if parameter not in SUPPLIED]
    hint = nearest(name, own, f"--{flag}.")
    return f"{_short(owners[-1:])} has no argument {name!r}{hint}\nits own: {', '.join(own) or 'none'}"


def _short(paths: list[str]) -> str:
    return paths[0].rpartition(".")[2] if paths else ""


def _pretty(types: str) -> str:
    """``int or null`` for ``<class 'int'>, <class 'NoneType'>``."""
    types = re.sub(r"<class '(?:[\w]+\.)*(\w+)'>", r"\1", types).replace("NoneType", "null")
    return re.sub(r"typing\.Literal\[(.*?)\]", r"one of \1", types)


def _base(reason: str) -> type | None:
    """The class among the types that were tried."""
    types = TYPES.search(reason)
    found = re.search(r"<class '([\w.]+)\.(\w+)'>", types[1]) if types else None
    return imported(f"{found[1]}.{found[2]}") if found else None


def nearest(word: str, words: Sequence[str], prefix: str = "") -> str:
    """``; did you mean …?``, or nothing where no word is near."""
    near = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def imported(path: str) -> Any:
    """The class or function of that import path."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def signature_of(path: str) -> dict[str, inspect.Parameter]:
    """The parameters of a class or function that is named by its import path, those passed on as keywords left out."""
    parameters = inspect.signature(imported(path)).parameters
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: parameter for name, parameter in parameters.items() if parameter.kind not in fixed}


def subclasses(base: type) -> set[type]:
    """All classes that derive from ``base`` and have been imported."""
    return {below for child in base.__subclasses__() for below in (child, *subclasses(child))}


def subclass_names(base: type) -> set[str]:
    """Their names, private and abstract ones left out."""
    return {c.__name__ for c in subclasses(base) if not c.__name__.startswith("_") and not inspect.isabstract(c)}
