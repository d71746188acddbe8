"""Whole slide images: intake, reading, geometry, tissue and patch grids."""
