"""The built-in study: synthetic patients whose truth is known."""
