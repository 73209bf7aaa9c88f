"""Learned views: each has weights that play against an encoder, within a budget that a person understands."""
