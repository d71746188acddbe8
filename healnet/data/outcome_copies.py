"""Columns that say who had the event, in whatever coding: 1/2, Dead/Alive, a cause of death.

Axis names: n patient, p column.
"""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Shaped
from numpy import ndarray

# Patients with and without the event below which an agreement can be chance.
MIN_GROUP = 5
_MAX_LEVELS = 10
_PATIENTS_A_LEVEL = 5


def copies_of_the_event(table: pd.DataFrame, event: Bool[ndarray, " n"]) -> Bool[ndarray, " p"]:
    """Return which columns tell the event of every patient in whom they were observed.

    A column does so if no value is shared by patients with and without the event, and one of
    the two groups has a single value (Dead), or all values are few (Dead of disease, Dead of
    another cause, Alive). It also does so by being observed in one of the groups alone, as a
    cause of death is.
    """
    columns = (column.to_numpy() for _, column in table.items())
    return np.array([_is_copy(cells, event) for cells in columns], dtype=np.bool_)


def _is_copy(cells: Shaped[ndarray, " n"], event: Bool[ndarray, " n"]) -> bool:
    is_seen = ~np.asarray(pd.isna(cells), dtype=np.bool_)
    if _are_two_groups(event, ~event) and _is_same_split(is_seen, event):
        return True
    with_event, without = is_seen & event, is_seen & ~event
    if not _are_two_groups(with_event, without):
        return False
    ours, theirs = set(cells[with_event].tolist()), set(cells[without].tolist())
    if ours & theirs:
        return False
    most = min(_MAX_LEVELS, int(is_seen.sum()) // _PATIENTS_A_LEVEL)
    return min(len(ours), len(theirs)) == 1 or len(ours) + len(theirs) <= most


def _are_two_groups(one: Bool[ndarray, " n"], other: Bool[ndarray, " n"]) -> bool:
    return bool(min(one.sum(), other.sum()) >= MIN_GROUP)


def _is_same_split(one: Bool[ndarray, " n"], other: Bool[ndarray, " n"]) -> bool:
    return bool((one == other).all() or (one != other).all())
