"""Runs that stop before their end: a scheduler's signals, and a time that is up."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TO_STOP = ("SIGTERM", "SIGUSR1")  # what schedulers send before they take a machine away


class Interrupted(Exception):
    """Training stopped before its end, as asked, and has saved a checkpoint; the message says what has asked."""


class Interruption:
    """Whether a run is to stop after the step that it is in.

    Args:
        minutes: Time from now after which it is; null for none.
    """

    def __init__(self, minutes: float | None = None):
        self.minutes = minutes
        self.began = time.monotonic()
        self.signal: str | None = None

    def why(self) -> str | None:
        """Says what has asked the run to stop; None if nothing has."""
        if self.signal is not None:
            return self.signal
        if self.minutes is not None and time.monotonic() - self.began >= 60 * self.minutes:
            return f"its limit of {self.minutes:g} minutes"
        return None

    def by_signal(self) -> bool:
        """Returns whether a signal has asked."""
        return self.signal is not None

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Within, the first SIGTERM or SIGUSR1 asks the run to stop; another one ends the process as usual."""
        numbers = [getattr(signal, name) for name in TO_STOP if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}

        def heed(number: int, frame: FrameType | None) -> None:
            self.signal = signal.Signals(number).name
            for each in before:
                signal.signal(each, signal.SIG_DFL)

        for number in before:
            signal.signal(number, heed)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
