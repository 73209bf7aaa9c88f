"""viewlearn: learned and designed views for contrastive learning."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewlearn.runs.loading import load

__all__ = ["load"]


def __getattr__(name: str) -> object:
    # ``load`` needs the command line's parser and the evaluation; who imports a loss shouldn't wait for those.
    if name == "load":
        from viewlearn.runs.loading import load

        return load
    raise AttributeError(f"module 'viewlearn' has no attribute {name!r}")
