"""Settings in YAML, plain and finite: no key twice, and nothing that contains itself or unfolds without end."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

MODE = "checked YAML"  # the parsing library's name for what ``load_value`` reads
DEEPEST = 64
MOST_VALUES = 100_000  # of a file once its aliases are unfolded; ours have a hundred
PLAIN = re.compile(r"[\w./+-]*", re.ASCII)  # words, numbers and paths, of which a parser reads hundreds
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one, where it was built


class SettingsError(yaml.YAMLError, ValueError):
    """Settings that can't be read, or that say more than one thing, or too much."""


def read_settings(path: Path) -> dict[str, Any]:
    """Reads the settings in a file.

    Raises:
        SettingsError: The file can't be read, isn't YAML, or holds no settings; the message says where and why.
    """
    try:
        text = path.read_text(encoding="utf-8")
        check_settings(text)
        settings = yaml.load(text, Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(" ".join(str(error).split())) from error
    if not isinstance(settings, dict):
        raise SettingsError(f"{path} holds no settings")
    return settings


def load_value(text: str) -> Any:
    """Reads one value as the parsing library does by itself, once ``check_settings`` has passed it."""
    if not PLAIN.fullmatch(text):  # one value, in which nothing can be wrong
        check_settings(text)
    return get_loader("yaml")(text)


def check_settings(text: str) -> None:
    """Checks what YAML would otherwise let pass: a key twice, of which the last wins, and endless aliases.

    Raises:
        YAMLError: There is such a thing, or the text is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise SettingsError(f"line {event.start_mark.line + 1}: values within values, more than {DEEPEST} deep")
    _size(yaml.compose(text, Loader), {}, set())


def _size(node: yaml.Node | None, sizes: dict[int, int], above: set[int]) -> int:
    """The number of values of a node, each alias counted as often as it is used."""
    if node is None or isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in above:
        raise SettingsError(f"line {node.start_mark.line + 1}: this value contains itself")
    if id(node) not in sizes:
        above.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
            children = [child for pair in node.value for child in pair]
        else:
            children = node.value
        sizes[id(node)] = 1 + sum(_size(child, sizes, above) for child in children)
        above.remove(id(node))
    if sizes[id(node)] > MOST_VALUES:
        raise SettingsError(f"line {node.start_mark.line + 1}: more than {MOST_VALUES:,} values")
    return sizes[id(node)]


def _check_keys(node: yaml.MappingNode) -> None:
    seen: set[Hashable] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in seen:
                raise SettingsError(f"line {key.start_mark.line + 1}: the key {key.value!r} is there twice")
            seen.add(key.value)


set_loader(MODE, load_value, (yaml.YAMLError,))
