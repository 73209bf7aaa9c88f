"""Command lines of scripts that have no configuration: a mistake is one line, and numbers have their bounds."""

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from viewlearn.bounds import alternatives, fault, name_of


class ScriptParser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line: flag, value, and what is allowed."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {' '.join(message.split())}\n")


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
