"""Superimposed sounds: two sources in one clip."""
