"""What ``--help`` shows: groups that say what they are for, types and defaults as a user writes them."""

from argparse import Action
from collections.abc import Mapping
from typing import Any, Literal, get_origin

from jsonargparse import DefaultHelpFormatter, Namespace

from viewlearn.bounds import name_of
from viewlearn.runs.binding import subclass_names, subclasses
from viewlearn.runs.signatures import classes_in

TITLES = {
    "data": "data: what to learn from",
    "views": "views: what is done to samples, which decides what is learned",
    "encoder": "encoder: the network that is kept",
    "TrainingSettings": "training: how long, who moves when, and what is written on the way",
    "schedule": "schedule: the learning rate of encoder and heads over the run",
    "views_schedule": "views_schedule: the learning rate of learned views over the run",
    "budget_schedule": "budget_schedule: the budgets of learned views over the run",
    "difficulty": "difficulty: how hard learned views make it, where --views.budget is auto",
}


class ShortHelp(DefaultHelpFormatter):
    """Shows bounds as ``int in [1, 1000]``, a component as its name, and of its classes those with a short name."""

    def _get_help_string(self, action: Action) -> str:
        hint = getattr(action, "_typehint", None)
        if action.nargs == 0 or action.dest.endswith(".help"):
            return action.help or ""
        if hint is None:
            return super()._get_help_string(action)
        text = (action.help or "").removesuffix(".")
        said = [] if "default:" in text else [f"default: {shown(action.default)}"]
        if bases := classes_in(hint):
            wrappers = {each.__name__ for base in bases for each in subclasses(base) if _is_accelerates(each)}
            names = sorted({name for base in bases for name in subclass_names(base)} - wrappers)
            return f"{text} ({', '.join(said)}; known: {', '.join(names)}; --{action.dest}.help CLASS lists its flags)"
        if get_origin(hint) is not Literal and hint not in (bool, str, str | None):
            said.insert(0, name_of(hint))
        return f"{text} ({', '.join(said)})" if said else text


def shown(value: Any) -> str:
    """Writes a default as a user would; a component as its class with the arguments that it is given."""
    if isinstance(value, Namespace):
        value = value.as_dict()
    if isinstance(value, Mapping) and "class_path" in value:
        arguments = value.get("init_args") or {}
        given = ", ".join(f"{name}={shown(each)}" for name, each in arguments.items())
        return value["class_path"].rpartition(".")[2] + (f" with {given}" if given else "")
    if isinstance(value, list | tuple):
        return f"[{','.join(map(shown, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _is_accelerates(each: type) -> bool:
    """Whether a class is one that accelerate puts around ours, which nobody chooses."""
    return each.__module__.partition(".")[0] == "accelerate"
