"""Explanations: what was read, what mattered."""
