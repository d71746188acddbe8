"""The model folder: write, read and verify."""
