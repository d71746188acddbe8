"""Training: recipe, loop, cross-validation and early stopping."""
