"""Ids that a person reads as one and a program as two."""

import unicodedata
from collections.abc import Sequence

from healnet.exceptions import CohortError


def refuse_like_ids(case_ids: Sequence[str], name: str) -> None:
    """Refuse two patients whose ids only differ in case, blanks or unseen characters.

    Args:
        case_ids: Of the cohort, all different.
        name: File name.

    Raises:
        CohortError: ``COHORT-ID-MATCH``, naming the first two.
    """
    first: dict[str, str] = {}
    for one in case_ids:
        other = first.setdefault(_as_seen(one), one)
        if other != one:
            raise CohortError(
                f"{_spelled(other)} and {_spelled(one)} are the same id when case, blanks "
                "around it and unseen characters do not count",
                code="COHORT-ID-MATCH",
                where=name,
                why="one person could be learned from and judged on",
                fix="give one patient one id; make the ids of two patients differ in a letter "
                "or a digit",
            )


def _as_seen(case_id: str) -> str:
    """Return an id without format characters, composed, stripped and in one case."""
    if case_id.isascii():
        return case_id.strip().casefold()
    plain = unicodedata.normalize("NFKC", case_id)
    kept = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", kept.strip().casefold())


def _spelled(case_id: str) -> str:
    """Return an id with every letter beyond ASCII by its number, so that a difference shows."""
    text = case_id.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  (a line of a message)
