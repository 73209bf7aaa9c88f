"""Grids of models trained over seeds, and their figures."""
