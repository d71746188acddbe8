"""Whether two maps put the same patches first."""

import numpy as np
import pandas as pd

from healnet.explain.prediction import PatchMap


def rank_agreement(first: PatchMap, second: PatchMap) -> float | None:
    """Return Spearman's rank correlation of the sizes of two maps on the same patches.

    Of sizes, since attention knows no sign. None if one of them is the same everywhere: then
    it has no order.
    """
    sizes = np.abs(first.values), np.abs(second.values)
    if any(float(np.ptp(one)) == 0.0 for one in sizes):
        return None
    first_ranks, second_ranks = (pd.Series(one).rank() for one in sizes)
    return float(np.corrcoef(first_ranks, second_ranks)[0, 1])
