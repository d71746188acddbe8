"""Collecting what is wrong with a table, so that all of it is said at once."""

from dataclasses import dataclass, field
from typing import NamedTuple

from healnet.exceptions import CohortError
from healnet.omics.text_rows import shown

_FIRST = 20


class Place(NamedTuple):
    """Where a patient stands in a table; row 0 if only the id is known."""

    row: int
    case_id: str

    def __str__(self) -> str:
        """Return e.g. ``row 3 (PT-0001)``."""
        return f"row {self.row} ({shown(self.case_id)})" if self.row else shown(self.case_id)


@dataclass(kw_only=True)
class Problems:
    """A growing list of cells that cannot be used.

    Attributes:
        name: File name.
        found: One text a problem.
    """

    name: str
    found: list[str] = field(default_factory=list)

    def add(self, place: Place, column: str, text: str) -> None:
        """Note one cell."""
        self.found.append(f"{place}, {shown(column)}: {text}")

    def raise_if_any(self) -> None:
        """Refuse the table if a problem was noted.

        Raises:
            CohortError: ``COHORT-CELLS``, naming the first 20.
        """
        if not self.found:
            return
        count = len(self.found)
        more = f"; and {count - _FIRST:,} more" if count > _FIRST else ""
        raise CohortError(
            f"{count:,} cells cannot be used: {'; '.join(self.found[:_FIRST])}{more}",
            code="COHORT-CELLS",
            where=self.name,
            why="a value would have to be guessed",
            fix="correct these cells; nothing was changed or left out",
        )
