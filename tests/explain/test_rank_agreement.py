"""Two maps in numbers: an agreement, or that there is none to speak of."""

import numpy as np
import pytest

from healnet.explain.prediction import PatchMap
from healnet.explain.rank_agreement import rank_agreement


def make_map(*values: float) -> PatchMap:
    return PatchMap(method="gradient", values=np.array(values, dtype=np.float32), unit="risk")


def test_the_order_of_the_sizes_counts() -> None:
    assert rank_agreement(make_map(1, 2, 3), make_map(-10, -20, 30)) == pytest.approx(1.0)


def test_a_map_that_is_the_same_everywhere_has_no_order() -> None:
    assert rank_agreement(make_map(1, 1, 1), make_map(1, 2, 3)) is None
    assert rank_agreement(make_map(1, 2, 3), make_map(-2, 2, 2)) is None
