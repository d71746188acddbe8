"""Discrete-time survival: bins, hazards, the loss, curves, strata and metrics."""
