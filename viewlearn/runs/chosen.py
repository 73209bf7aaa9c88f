"""Which classes a command line chooses, so that arguments of a default class don't end up in another."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def chosen_classes(groups: Sequence[Sequence[str]], components: Collection[str]) -> dict[str, str]:
    """Finds the class that a command line names for each component, by flags or by files that it is given.

    Args:
        groups: Each flag with its values.
        components: Names of the components, which are flags and keys of configurations.

    Returns:
        Class names or import paths, as they are written, by component; those that aren't named are left out, as is
        what can't be read, which the parser tells.
    """
    chosen: dict[str, str] = {}
    for flag, *values in groups:
        name, _, value = flag.removeprefix("--").partition("=")
        text = value or (values[0] if values else "")
        if name == "config":
            settings = _content(text)
            found = {key: _class_of(settings.get(key)) for key in components if isinstance(settings, Mapping)}
        elif name in components:
            found = {name: _class_of(text)}
        else:
            continue
        chosen |= {key: each for key, each in found.items() if each}
    return chosen


def same_class(first: str, second: str) -> bool:
    """Whether two names may mean one class: ``SGD`` and ``torch.optim.SGD``."""
    return first.rpartition(".")[2] == second.rpartition(".")[2]


def _class_of(setting: Any) -> str:
    """The class that a setting names: a name, a mapping with ``class_path``, or a file or text with one."""
    if isinstance(setting, Mapping):
        return str(setting.get("class_path") or "")
    if not isinstance(setting, str):
        return ""
    if setting.endswith((".yaml", ".yml", ".json")) or setting.lstrip().startswith("{"):
        content = _content(setting)
        return _class_of(content) if isinstance(content, Mapping) else ""
    return setting


def _content(text: str) -> Any:
    """What a YAML file, or a text itself, holds; None if it can't be read."""
    try:
        return yaml.safe_load(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
