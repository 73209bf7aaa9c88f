"""Contrastive losses of many runs at once."""
