"""From numbers to places on the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from healnet.explain.charts.svg import Number

MONTH_STEPS = (3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A straight scale from a range of values to a range of pixels."""

    low: Number
    high: Number
    start: Number
    end: Number

    def __post_init__(self) -> None:
        """Refuse a range without extent, which has no scale."""
        if not self.low < self.high:
            raise ValueError(f"a scale needs low < high, got {self.low} and {self.high}")

    def __call__(self, value: Number) -> float:
        """Return the place of a value; values beyond the range stop at its ends."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def month_ticks(last_month: Number, *, most: int = 7) -> tuple[float, ...]:
    """Return at most ``most`` even ticks in months, from 0 to the last month or before."""
    step = next((s for s in MONTH_STEPS if last_month / s < most), MONTH_STEPS[-1])
    return tuple(step * index for index in range(int(last_month // step) + 1))


def spread(places: Sequence[Number], *, gap: Number, low: Number, high: Number) -> list[float]:
    """Return label places near the wanted ones that keep a gap, in the same order.

    Args:
        places: Wanted places, in any order.
        gap: Least distance between two labels.
        low: Least place allowed.
        high: Largest place allowed.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    found = [float(place) for place in places]
    floor = float(low)
    for index in order:
        found[index] = max(found[index], floor)
        floor = found[index] + gap
    ceiling = float(high)
    for index in reversed(order):
        found[index] = min(found[index], ceiling)
        ceiling = found[index] - gap
    return found
