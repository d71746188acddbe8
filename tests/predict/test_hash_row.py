"""The hash of a table row depends on names and values, not on the types that hold them."""

import numpy as np
import pandas as pd
import pytest

from healnet.predict.prediction import hash_row


@pytest.mark.parametrize("same", [0.5, np.float64(0.5), np.float32(0.5)])
def test_a_number_has_one_hash_whichever_door_it_came_through(same: object) -> None:
    assert hash_row({"g0": same, "sex": "f"}) == hash_row({"sex": "f", "g0": 0.5})


@pytest.mark.parametrize("missing", [float("nan"), np.float64("nan"), pd.NA])
def test_a_missing_value_has_one_hash(missing: object) -> None:
    assert hash_row({"g0": missing}) == hash_row({"g0": None})


def test_what_differs_in_the_last_bit_or_in_kind_has_another_hash() -> None:
    values = [0.1, np.nextafter(0.1, 1), "0.1", None, 1, 0, "None", (0.1).hex() + "0"]

    assert len({hash_row({"g0": value}) for value in values}) == len(values)


def test_a_whole_number_is_the_same_as_an_integer() -> None:
    assert hash_row({"g0": 3}) == hash_row({"g0": 3.0}) == hash_row({"g0": np.int64(3)})
