"""Patch encoders: pixels of a patch to a feature vector."""
