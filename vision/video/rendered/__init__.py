"""Clips made for the purpose, with the truth known."""
