"""Squares of neighbouring patches: what is left out together when a slide is perturbed."""

import numpy as np
from jaxtyping import Int64
from numpy import ndarray


def group_patches(
    coords: Int64[ndarray, "n 2"], *, patch_size: int, most: int
) -> Int64[ndarray, " n"]:
    """Return the region number of each patch, 0 to at most ``most`` - 1.

    With few patches every patch is a region of its own; otherwise regions are squares of
    s x s patches with the smallest s that keeps their number within ``most``.

    Args:
        coords: Top-left corners, any one unit.
        patch_size: Side of a patch, same unit.
        most: Largest number of regions, at least 1.
    """
    if len(coords) <= most:
        return np.arange(len(coords), dtype=np.int64)
    cells = (coords - coords.min(axis=0)) // patch_size
    side = max(int(np.sqrt(len(coords) / most)), 1)
    while True:
        blocks = cells // side
        keys = blocks[:, 0] * (int(blocks[:, 1].max()) + 1) + blocks[:, 1]
        names, numbers = np.unique(keys, return_inverse=True)
        if len(names) <= most:
            return numbers.reshape(-1).astype(np.int64)
        side += 1
