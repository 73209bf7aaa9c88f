"""Which classes settings choose, so that arguments of a default class don't end up in another."""

from collections.abc import Collection, Iterable
from pathlib import Path

from yaml import YAMLError

from viewlearn.runs.messages import Setting
from viewlearn.runs.settings_file import load_value, read_settings


def chosen_classes(settings: Iterable[Setting], components: Collection[str]) -> dict[str, str]:
    """Finds the class that settings name for each component; of several, the last.

    Args:
        settings: Settings of a command line and of the files that it names, see ``settings_of``.
        components: Names of the components.

    Returns:
        Class names or import paths, as they are written, by component; those that aren't named are left out, as is
        what can't be read, which the parser tells.
    """
    named = (setting for setting in settings if setting.key in components)
    return {setting.key: name for setting in named if (name := _class_of(setting.value))}


def same_class(first: str, second: str) -> bool:
    """Whether two names may mean one class: ``SGD`` and ``torch.optim.SGD``."""
    return first.rpartition(".")[2] == second.rpartition(".")[2]


def _class_of(value: object) -> str:
    """The class that a component's own setting names: by name, or by a file or text with a ``class_path``."""
    if not isinstance(value, str):
        return ""
    is_text = value.lstrip().startswith("{")
    if not is_text and not value.endswith((".yaml", ".yml", ".json")):
        return value
    try:
        content = load_value(value) if is_text else read_settings(Path(value))
    except YAMLError:
        return ""
    return str(content.get("class_path") or "") if isinstance(content, dict) else ""
