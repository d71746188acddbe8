"""Reference curves are those of Kaplan and Meier, stay inside their bands and name nobody."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.explain.reference_curves import reference_curves
from healnet.survival.risk_groups import GROUP_NAMES


def test_a_curve_worked_by_hand() -> None:
    months = np.array([6.0, 12, 18, 24, 30])
    event = np.array([True, False, True, False, False])

    found = reference_curves(months, event, ["higher"] * 5)

    (group,) = found.groups
    assert group.time_months.tolist() == [0, 6, 18, 30]  # no step where one is only censored
    assert group.survival == pytest.approx([1, 4 / 5, 4 / 5 * 2 / 3, 4 / 5 * 2 / 3])
    assert group.table[12.0] == (4, 1, 0)
    assert (found.patients, found.events, found.last_month) == (5, 2, 30.0)
    assert found.reliable_until == 0


@given(
    seed=st.integers(0, 2**16),
    size=st.integers(1, 60),
)
def test_no_curve_leaves_its_band_and_no_patient_is_lost(seed: int, size: int) -> None:
    random = np.random.default_rng(seed)
    months = random.integers(1, 100, size).astype(np.float64)
    group = random.choice(GROUP_NAMES, size).tolist()

    found = reference_curves(months, random.random(size) < 0.6, group)

    assert sum(one.size for one in found.groups) == found.patients == size
    for one in found.groups:
        assert (one.lower <= one.survival).all()
        assert (one.survival <= one.upper).all()
        assert (np.diff(one.survival) <= 0).all()
        assert all(sum(counts) == one.size for counts in one.table.values())
