"""viewlearn: learned and designed views for contrastive learning."""

from viewlearn.loading import load

__all__ = ["load"]
