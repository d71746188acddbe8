"""The time of which the headline speaks."""

from dataclasses import replace

import numpy as np
import pytest

from healnet.bundle.horizon import headline_months, reliable_months
from healnet.bundle.model_bundle import ModelBundle
from healnet.survival.time_bins import TimeBins


def test_it_never_lies_beyond_ten_at_risk_in_any_group(bundle: ModelBundle) -> None:
    reference = bundle.reference
    months = reliable_months(reference)

    group = np.array(reference.group)
    at_risk = [
        int(((reference.time_months >= months) & (group == name)).sum()) for name in set(group)
    ]

    assert min(at_risk) >= 10
    later = [
        int(((reference.time_months > months + 1e-9) & (group == name)).sum())
        for name in set(group)
    ]
    assert min(later) < 10


@pytest.mark.parametrize(
    ("horizon", "reliable", "expected"),
    [(90.0, 70.0, 60.0), (90.0, 59.9, 36.0), (30.0, 70.0, 24.0), (90.0, 8.0, 90.0)],
)
def test_it_is_the_longest_round_time_that_both_cover(
    bundle: ModelBundle, horizon: float, reliable: float, expected: float
) -> None:
    reference = bundle.reference
    everyone = np.full(len(reference), reliable)
    short = replace(reference, time_months=everyone)
    bins = TimeBins(inner_months=(5.0,), horizon_months=horizon)

    found = headline_months(replace(bundle, reference=short, time_bins=bins))

    assert found == expected
