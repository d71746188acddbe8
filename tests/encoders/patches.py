"""Patches for tests of encoders: real tissue where it is at hand, else a pattern."""

import numpy as np


def pattern(count: int = 3, side: int = 224) -> np.ndarray:
    """Coloured waves, the same on every machine."""
    y, x = np.mgrid[0:side, 0:side] / 32.0
    waves = [
        np.stack([np.sin(x + i), np.cos(y * (1 + i / 4)), np.sin(x + y + 2 * i)], axis=-1)
        for i in range(count)
    ]
    return np.round(127.5 + 120 * np.stack(waves)).astype(np.uint8)
