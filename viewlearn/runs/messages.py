"""What is wrong with a command line: each setting is asked about by itself, where the parser refused all together."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_origin

from jsonargparse import ArgumentError, ArgumentParser

from viewlearn.bounds import alternatives, name_of
from viewlearn.runs.binding import subclass_names, subclasses
from viewlearn.runs.calls import check_call
from viewlearn.runs.names import imported
from viewlearn.runs.settings_file import load_value, read_settings
from viewlearn.runs.signatures import parameters_of
from viewlearn.script_parser import nearest

SUPPLIED = {"encoder", "views", "params"}  # arguments of methods and optimizers that a run fills in
NOTHING = inspect.Parameter.empty


@dataclass(frozen=True)
class Setting:
    """One setting of a command line or a configuration file.

    Args:
        key: Its name, such as ``views.budget``; the value of a component's own key is its class.
        value: What it is to be; ``NOTHING`` if that isn't one value.
        written: How the user wrote the key.
    """

    key: str
    value: object
    written: str


def explain(
    parser: ArgumentParser, settings: Iterable[Setting], error: Exception, components: Mapping[str, type]
) -> str:
    """Says what is wrong with settings, what was probably meant, and what is allowed.

    Args:
        parser: The parser that refused them.
        settings: The settings, a component's class before its arguments.
        error: Why it was refused; its own words are the last resort.
        components: By flag, the class that a component's classes derive from.
    """
    known = _Known(parser, components)
    for setting in settings:
        fault = known.fault(setting)
        if fault is not None:
            return fault
    return known.missing() or " ".join(cause(error).split())


def cause(error: BaseException) -> str:
    """The words of the first error in a chain of causes that the parsing library didn't raise, or of the last one."""
    while error.__cause__ is not None and _raised_in(error) == "jsonargparse":
        error = error.__cause__
    return str(error).strip()


@cache
def asked_of(target: Any) -> Set[str]:
    """The arguments that a user may give: not those that a run fills in, or that a class gives to its base."""
    if not inspect.isclass(target):
        return frozenset(parameters_of(target).keys() - SUPPLIED)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(target, None, skip=SUPPLIED & parameters_of(target).keys())
    return frozenset(action.dest for action in parser._actions)


class _Known:
    """What a parser knows of its settings, and of the classes that were chosen so far."""

    def __init__(self, parser: ArgumentParser, components: Mapping[str, type]):
        self.components = components
        # argparse and jsonargparse have no public way to ask for the arguments and their types.
        self.hints = {action.dest: getattr(action, "_typehint", NOTHING) for action in parser._actions}
        self.flags = [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")]
        self.chosen: dict[str, Any] = {}  # classes by key
        self.given: set[str] = set()
        for key in components.keys() & self.hints.keys():
            default = parser.get_default(key)
            if default is not None and "class_path" in default:
                self.chosen[key] = imported(default["class_path"])

    def fault(self, setting: Setting) -> str | None:
        """What is wrong with a setting; None if it is right, or nobody can tell."""
        root, *names = setting.key.split(".")
        self.given |= {".".join((root, *names[:depth])) for depth in range(len(names) + 1)}
        if root not in self.components:
            group = [f"--{key}" for key in self.hints if key.startswith(f"{setting.key}.")]
            if group and str(setting.value).startswith("{"):
                return None
            if group:
                return f"--{setting.key}: expected its settings, {', '.join(group)}, got {setting.value!r}"
            if setting.key in self.hints or f"--{setting.key}" in self.flags:
                return _type_fault(setting, self.hints.get(setting.key, NOTHING))
            what = "flag" if setting.written.startswith("--") else "setting"
            written = setting.written if what == "flag" else repr(setting.written)
            return f"there is no {what} {written}{nearest(f'--{setting.key}', self.flags)}"
        key, hint = root, self.components[root]
        for name in names:
            if key not in self.chosen:
                return None
            parameters = parameters_of(self.chosen[key])
            if name not in parameters:
                return None if name == "help" else self._unknown_argument(key, name, list(parameters))
            hint, key = parameters[name].annotation, f"{key}.{name}"
        base = _component(hint) if names else hint
        if base is None or not isinstance(setting.value, str) or Path(setting.value).suffix in (".yaml", ".yml"):
            return _type_fault(setting, hint)
        return self._choose(key, setting.value, base)

    def missing(self) -> str | None:
        """What a chosen class needs and wasn't given; None if there is nothing."""
        for key, chosen in self.chosen.items():
            parameters, asked = parameters_of(chosen), asked_of(chosen)
            needed = [name for name in parameters if parameters[name].default is NOTHING and name in asked]
            names = [f"--{key}.{name}" for name in needed if f"{key}.{name}" not in self.given]
            if names:
                return f"--{key} {chosen.__name__} needs {', '.join(names)}"
        return None

    def _choose(self, key: str, name: str, base: type) -> str | None:
        """Takes a class for a component, or says why it can't be that."""
        if "." in name:
            try:
                chosen = imported(name)
            except (ImportError, AttributeError) as error:
                return f"--{key}: {error}"
        else:
            chosen = next((each for each in (base, *subclasses(base)) if each.__name__ == name), None)
        names = sorted(subclass_names(base))
        known = f" (known: {', '.join(names)}; a class of your own takes its import path: my_package.MyClass)"
        if chosen is None:
            return f"there is no class {name!r} for --{key}{nearest(name, names)}{known}"
        try:
            check_call(chosen, (base,), f"--{key}", name)
        except ValueError as error:
            return str(error)
        self.chosen[key] = chosen
        return None

    def _unknown_argument(self, key: str, name: str, names: Sequence[str]) -> str:
        asked = asked_of(self.chosen[key])
        own = [each for each in names if each in asked]
        what = f"{self.chosen[key].__name__} has no argument {name!r}{nearest(name, own, f'--{key}.')}"
        return f"{what}; its own: {', '.join(own) or 'none'}"


def settings_of(groups: Sequence[Sequence[str]]) -> Iterator[Setting]:
    """Yields the settings of a command line, each flag with its values; those in files that it names come in place."""
    for flag, *values in groups:
        if not flag.startswith("--"):
            continue
        written, equals, value = flag.partition("=")
        values = [value] if equals else values
        if written == "--config" and len(values) == 1:
            text = values[0]
            yield from settings_in(load_value(text) if text.startswith("{") else read_settings(Path(text)))
        else:
            key = written.removeprefix("--").replace(".init_args.", ".").removesuffix(".class_path")
            yield Setting(key, values[0] if len(values) == 1 else NOTHING, written)


def settings_in(node: dict[str, Any], key: str = "") -> Iterator[Setting]:
    """Yields the settings of a tree of them, such as a file's."""
    if isinstance(node.get("class_path"), str):
        yield Setting(key, node["class_path"], key)
        node = node.get("init_args") or {}
    for name, value in node.items() if isinstance(node, dict) else ():
        below = f"{key}.{name}".lstrip(".")
        if isinstance(value, dict):
            yield from settings_in(value, below)
        else:
            yield Setting(below, value, below)


def _type_fault(setting: Setting, hint: Any) -> str | None:
    """What is wrong with a value, as a parser of that value alone finds it."""
    if setting.value is NOTHING or hint is NOTHING or isinstance(hint, str):
        return None
    parser = _parser_of(hint)
    try:
        if isinstance(setting.value, str):
            parser.parse_args([f"--value={setting.value}"])
        else:
            parser.parse_object({"value": setting.value})
    except ArgumentError as error:
        if _component(hint) is not None or any(get_origin(each) is dict for each in alternatives(hint)):
            return f"--{setting.key}: {cause(error)}"
        what = f"--{setting.key}: expected {name_of(hint)}, got {setting.value!r}"
        is_word = isinstance(setting.value, str) and setting.value.isidentifier()
        return f"{what}; write [{setting.value}]" if is_word and get_origin(alternatives(hint)[0]) is list else what
    return None


@cache
def _parser_of(hint: Any) -> ArgumentParser:
    """The parser of one value, ``--value``; a configuration has many values of the same few types."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--value", type=hint)
    return parser


def _component(hint: Any) -> type | None:
    """The class that values of this type derive from, where a user names one of its subclasses."""
    for each in alternatives(hint):
        if inspect.isclass(each) and get_origin(each) is None and inspect.isabstract(each):
            return each
    return None


def _raised_in(error: BaseException) -> str:
    """The package whose code raised an error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return "" if traceback is None else traceback.tb_frame.f_globals["__name__"].partition(".")[0]
