"""Probes: what frozen features are asked, one kind a module."""
