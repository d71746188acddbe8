"""Curves of members with different time bins, read on one axis."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from healnet.bundle.time_axis import elapsed_shares, risk_on, survival_on
from healnet.survival.hazards import risk_from_logits, survival_from_logits
from healnet.survival.landmarks import survival_at
from healnet.survival.time_bins import TimeBins

SHARED = TimeBins(inner_months=(10.0, 20.0), horizon_months=40.0)


def test_on_the_same_axis_nothing_changes() -> None:
    logits = torch.randn(5, 3).double()

    shares = elapsed_shares(SHARED, SHARED)

    assert torch.equal(shares, torch.ones(3, 3).double().tril())
    torch.testing.assert_close(survival_on(logits, shares), survival_from_logits(logits))
    torch.testing.assert_close(risk_on(logits, shares), risk_from_logits(logits))


def test_half_a_bin_is_the_root_of_its_survival() -> None:
    member = TimeBins(inner_months=(20.0,), horizon_months=40.0)
    logits = torch.logit(torch.tensor([[0.36, 0.5]]).double())

    survival = survival_on(logits, elapsed_shares(member, SHARED))

    assert survival[0].tolist() == pytest.approx([0.8, 0.64, 0.32])


def test_beyond_the_members_horizon_the_curve_stays_level() -> None:
    member = TimeBins(inner_months=(10.0,), horizon_months=20.0)
    logits = torch.zeros(1, 2).double()

    survival = survival_on(logits, elapsed_shares(member, SHARED))

    assert survival[0].tolist() == pytest.approx([0.5, 0.25, 0.25])


@given(
    edges=st.lists(st.floats(1, 60), min_size=3, max_size=6, unique=True).map(sorted),
    seed=st.integers(0, 2**16),
)
def test_agrees_with_reading_one_curve_at_constant_hazard(
    edges: list[float], seed: int
) -> None:
    if min(np.diff(edges)) < 1e-3:
        return
    member = TimeBins(inner_months=tuple(edges[:-1]), horizon_months=edges[-1])
    logits = torch.randn(1, len(edges), generator=torch.Generator().manual_seed(seed)).double()

    ours = survival_on(logits, elapsed_shares(member, SHARED))[0].numpy()

    own = survival_from_logits(logits)[0].numpy()
    expected = [
        survival_at(own, member, min(edge, edges[-1]), interpolation="constant_hazard")
        for edge in SHARED.right_edges
    ]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)
