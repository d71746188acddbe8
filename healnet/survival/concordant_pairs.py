"""Counting concordant pairs exactly, without an n-squared table.

A pair (i, j) is comparable if i had the event and j was seen event-free for longer: a later
time, or the same time but censored. It is concordant if i has the higher risk; equal risks
count one half. A bootstrap replicate is a weight vector (how often each patient was drawn),
so all replicates are counted in one sweep.

Axis names: n patient, r replicate, e event.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy import ndarray


class PairCounts(NamedTuple):
    """Weighted numbers of pairs, one of each a replicate; ties of risk as one half."""

    concordant: Float[ndarray, " r"]
    comparable: Float[ndarray, " r"]


def count_pairs(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    weights: Float[ndarray, "r n"],
    *,
    event_weights: Float[ndarray, " n"] | None = None,
) -> PairCounts:
    """Return the pair counts of each weight vector in O(r n log n).

    Patients are put in order of falling time, so that the partners of an event are a prefix of
    that order. How many of a prefix have a lower risk is read off bit by bit from the ranks of
    the risks (a wavelet matrix).

    Args:
        risk: Higher means an earlier event.
        time_months: Follow-up.
        event: True if the event happened.
        weights: How often each patient counts, a row a replicate.
        event_weights: Further weight of a pair by its earlier patient (inverse probability of
            censoring, squared, for Uno's concordance). None: all 1.
    """
    order = np.lexsort((event, -time_months))  # falling time; at one time, censored first
    time, event, weights = time_months[order], event[order], weights[:, order]
    ranks = np.unique(risk, return_inverse=True)[1][order].astype(np.int64)
    rows = np.flatnonzero(event)
    partners = _prefix_before_tied_events(time, event)[rows]

    own = weights[:, rows]
    if event_weights is not None:
        own = own * event_weights[order][rows]
    lower, tied = _weight_below(ranks, weights, rows=rows, prefix=partners)
    everyone = _cumulative(weights)[:, partners]
    concordant = (own * (lower + 0.5 * tied)).sum(axis=1)
    return PairCounts(concordant, (own * everyone).sum(axis=1))


def pair_table(
    risk: Float[ndarray, " n"], time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"]
) -> tuple[Float[ndarray, "e n"], Bool[ndarray, "e n"]]:
    """Return, for every event, the score of each partner (1, 1/2, 0) and who is a partner.

    Needs events x patients x 9 bytes.
    """
    first = np.flatnonzero(event)
    own_time, own_risk = time_months[first, None], risk[first, None]
    comparable = (own_time < time_months) | ((own_time == time_months) & ~event)
    score = (own_risk > risk) + 0.5 * (own_risk == risk)
    return score * comparable, comparable


def _prefix_before_tied_events(
    time: Float[ndarray, " n"], event: Bool[ndarray, " n"]
) -> Int64[ndarray, " n"]:
    """Return for each row where the run of equal (time, event) that holds it begins."""
    begins = np.ones(len(time), dtype=np.bool_)
    begins[1:] = (time[1:] != time[:-1]) | (event[1:] != event[:-1])
    return np.maximum.accumulate(np.where(begins, np.arange(len(time)), 0)).astype(np.int64)


def _weight_below(
    ranks: Int64[ndarray, " n"],
    weights: Float[ndarray, "r n"],
    *,
    rows: Int64[ndarray, " e"],
    prefix: Int64[ndarray, " e"],
) -> tuple[Float[ndarray, "r e"], Float[ndarray, "r e"]]:
    """Return the weight within each prefix of lower rank than the row, and of the same rank."""
    wanted = ranks[rows]
    start, stop = np.zeros_like(prefix), prefix
    below = np.zeros((len(weights), len(rows)))
    for bit in reversed(range(int(ranks.max()).bit_length())):
        is_one = (ranks >> bit) & 1 == 1
        goes_up = (wanted >> bit) & 1 == 1
        zeros_before = np.concatenate(([0], np.cumsum(~is_one)))
        zero_weight = _cumulative(weights * ~is_one)
        inside = zero_weight[:, stop] - zero_weight[:, start]
        below += np.where(goes_up, inside, 0.0)
        num_zeros = zeros_before[-1]
        start, stop = (
            np.where(goes_up, num_zeros + edge - zeros_before[edge], zeros_before[edge])
            for edge in (start, stop)
        )
        regroup = np.argsort(is_one, kind="stable")
        ranks, weights = ranks[regroup], weights[:, regroup]
    total = _cumulative(weights)
    return below, total[:, stop] - total[:, start]


def _cumulative(weights: Float[ndarray, "r n"]) -> Float[ndarray, "r m"]:
    return np.concatenate((np.zeros((len(weights), 1)), weights.cumsum(axis=1)), axis=1)
