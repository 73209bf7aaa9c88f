"""What a learned view decided about a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from viewlearn.views.params import Params

if TYPE_CHECKING:
    from viewlearn.views.learned.view import LearnedView


@dataclass(frozen=True)
class Decision:
    """What one learned view did to one batch.

    Args:
        learned: The view that decided.
        x: Its input ``(batch, …)``.
        resolved: What it decided, see ``View.resolve``.
        view: Its output ``(batch, …)``.
    """

    learned: LearnedView
    x: Tensor
    resolved: Params
    view: Tensor


Decisions = dict[str, Decision]
"""Decisions by the path of the view, such as ``viewmaker`` or ``outer.inner``; the view itself has the path ``""``."""


def within(name: str, decisions: Decisions) -> Decisions:
    """Returns the decisions of an entry's views under their paths in the whole."""
    return {".".join(part for part in (name, path) if part): decision for path, decision in decisions.items()}
