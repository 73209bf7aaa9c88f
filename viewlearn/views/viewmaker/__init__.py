"""The Viewmaker: a learned view that adds a bounded perturbation, its networks and its budget."""
