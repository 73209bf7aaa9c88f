"""Rendered solids with known class, pose and light."""
