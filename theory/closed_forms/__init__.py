"""What theory says of the model: optima, boundaries, dynamics, and the best perturbations."""
