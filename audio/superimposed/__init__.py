"""Sounds superimposed on others, with labels of their own, and the oracle that redraws them.

Names are imported from the modules: data take an ``Overlay``, and ``background`` takes data.
"""
