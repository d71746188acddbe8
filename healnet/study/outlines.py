"""Lines of equal value in a field, with types.

Axis names: h height, w width.
"""

import numpy as np
from jaxtyping import Float, Shaped
from skimage.measure import approximate_polygon, find_contours, points_in_poly

Line = Float[np.ndarray, "_ 2"]  # row, column


def level_lines(field: Shaped[np.ndarray, "h w"], level: float) -> list[Line]:
    """Return the lines on which ``field`` is ``level``; higher values lie to their left."""
    lines: list[Line] = find_contours(field, level)  # type: ignore[no-untyped-call]
    return lines


def simplify(line: Line, *, tolerance: float) -> Line:
    """Return the line with fewer points, none further off than ``tolerance``."""
    return np.asarray(approximate_polygon(line, tolerance))  # type: ignore[no-untyped-call]


def is_inside(point: Float[np.ndarray, "1 2"], ring: Line) -> bool:
    """Return whether the one ``point`` lies inside the closed ``ring``."""
    return bool(points_in_poly(point, ring)[0])  # type: ignore[no-untyped-call]
