"""The warnings of many predictions: each code once, with the number of patients it concerns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from healnet.exceptions import Notice


@dataclass(frozen=True, kw_only=True)
class CountedWarning:
    """A warning that several patients share.

    Attributes:
        first: As it was said of the first of them; numbers and places are that patient's.
        patients: How many it concerns.
    """

    first: Notice
    patients: int

    def to_dict(self) -> dict[str, object]:
        """Return code and number of patients, and the texts of the first."""
        texts = self.first.to_dict()
        return {"code": texts.pop("code"), "patients": self.patients, "first": texts}

    def to_notice(self, everyone: int) -> Notice:
        """Return it as one warning about a cohort of so many patients."""
        counted = f"{self.patients:,} of {everyone:,} patients, the first: {self.first.what}"
        return replace(self.first, what=counted)


def count_warnings(said: Iterable[Sequence[Notice]]) -> tuple[CountedWarning, ...]:
    """Return each code once, in the order in which it first came up.

    Args:
        said: The warnings of each patient.
    """
    first: dict[str, Notice] = {}
    counts: Counter[str] = Counter()
    for warnings in said:
        for warning in warnings:
            first.setdefault(warning.code, warning)
        counts.update({warning.code for warning in warnings})
    return tuple(
        CountedWarning(first=warning, patients=counts[code]) for code, warning in first.items()
    )
