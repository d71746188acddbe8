"""Where a value stands among the training patients, ties included."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from healnet.predict.explanation import _percentile
from healnet.train.feature_quantiles import NUM_QUANTILES

numbers = st.floats(-1e6, 1e6, allow_nan=False)
GRID = np.linspace(0, 1, NUM_QUANTILES)


def quantiles_of(values: list[float]) -> np.ndarray:
    return np.quantile(values, GRID).astype(np.float32)


@given(value=numbers, others=st.lists(numbers, min_size=3, max_size=40))
def test_a_value_that_everybody_shares_is_in_the_middle(
    value: float, others: list[float]
) -> None:
    assert _percentile(value, quantiles_of([value] * 5)) == 50
    tied = quantiles_of(others + [value] * 20 * len(others))
    below = 100 * np.mean([one < value for one in others]) / 21
    assert abs(_percentile(value, tied) - (below + 50 * 20 / 21)) < 6


@given(values=st.lists(numbers, min_size=1, max_size=60), first=numbers, second=numbers)
def test_a_higher_value_never_stands_lower(
    values: list[float], first: float, second: float
) -> None:
    found = [_percentile(one, quantiles_of(values)) for one in sorted((first, second))]

    assert 0 <= found[0] <= found[1] <= 100


def test_a_third_of_patients_at_one_tenth_stand_at_their_mid_rank() -> None:
    quantiles = quantiles_of([0.0] * 40 + [0.1] * 40 + [1.0] * 40)

    assert abs(_percentile(0.1, quantiles) - 50) < 2
