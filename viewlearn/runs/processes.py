"""What one process of a run does for all."""

from collections.abc import Callable
from typing import Any, TypeVar

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

Result = TypeVar("Result")


def in_main_process(do: Callable[[], Result]) -> Result:
    """Returns to all processes what the main one gets; its ValueError is all processes', so that nobody waits."""
    outcome: list[Any] = [None, None]
    if PartialState().is_main_process:
        try:
            outcome = [do(), None]
        except ValueError as error:
            outcome = [None, str(error)]
    result, failure = broadcast_object_list(outcome)
    if failure is not None:
        raise ValueError(failure)
    return result
