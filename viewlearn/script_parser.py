"""Command lines of scripts that have no configuration: a mistake is one line, and numbers have their bounds."""

import argparse
import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from viewlearn.bounds import alternatives, fault, name_of
from viewlearn.endings import DEBUG, DEBUG_HELP


class ScriptParser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line: flag, value, and what is allowed.

    A flag must be written in full, and every script has ``--debug``.
    """

    def __init__(self, prog: str | None = None, **kwargs: Any):
        super().__init__(prog, allow_abbrev=False, **kwargs)
        if kwargs.get("add_help", True):  # not one whose flags others take over
            self.add_argument(DEBUG, action="store_true", help=DEBUG_HELP)

    # pyrefly: ignore[bad-override]: argparse also takes a namespace of any other type
    def parse_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        found, unknown = self.parse_known_args(args, namespace or argparse.Namespace())
        if unknown:
            self.refuse(unknown)
        return found

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Ends with what a flag that there isn't probably was meant to be."""
        written = next((each for each in unknown if each.startswith("--")), unknown[0]).partition("=")[0]
        what = f"there is no flag {written}" if written.startswith("-") else f"{written!r} belongs to no flag"
        self.error(what + nearest(written, self._flags()))

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {' '.join(message.split())}\n")

    def _flags(self) -> list[str]:
        parsers: list[argparse.ArgumentParser] = [self]
        for action in self._actions:  # argparse has no public way to ask for them
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
        return [flag for each in parsers for flag in each._option_string_actions]


def nearest(word: str, words: Iterable[str], prefix: str = "") -> str:
    """Returns ``; did you mean …?``, or nothing where no word is near."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def truth(text: str) -> bool:
    """Reads ``true`` or ``false``, to be given as ``type=``."""
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text == "true"


def in_bounds(hint: Any) -> Callable[[str], int | float]:
    """What reads a flag's number, to be given as ``type=``, and refuses one beyond its bounds.

    Args:
        hint: Type of the number, such as ``viewlearn.bounds.Count``.
    """
    kind = next(each for each in alternatives(hint) if each in (int, float))

    def read(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"expected {name_of(hint)}, got {text!r}") from error
        if said := fault(value, hint):
            raise argparse.ArgumentTypeError(f"{text} must {said}")
        return value

    return read


def device_name(text: str) -> str:
    """Reads the name of a device that this machine has, to be given as ``type=``."""
    import torch  # here, so that a help text doesn't wait for it

    found = torch.accelerator.current_accelerator(check_available=True)
    known = ["cpu"] if found is None else ["cpu", found.type]
    try:
        kind = torch.device(text).type
    except RuntimeError:
        kind = ""
    if kind not in known:
        raise argparse.ArgumentTypeError(f"there is no device {text!r}; this machine has: {', '.join(known)}")
    return text
