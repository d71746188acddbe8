"""The tour leads to nothing that the case does not have."""

from pathlib import Path

import pytest

from app.panels.tour import stops_of
from app.store.records import CaseRecord, FileRecord

ESTIMATE = "1 Read the estimate"


@pytest.mark.parametrize(
    ("roles", "stops"),
    [
        (
            ("slide", "rna"),
            (
                ESTIMATE,
                "2 Strongest patch (T)",
                "3 Hide the overlay (Space)",
                "4 Genes that moved it (Omics)",
            ),
        ),
        (("rna", "clinical"), (ESTIMATE, "2 Genes that moved it (Omics)")),
        (
            ("slide", "clinical"),
            (ESTIMATE, "2 Strongest patch (T)", "3 Hide the overlay (Space)"),
        ),
    ],
)
def test_only_stops_that_the_case_has_are_named(
    roles: tuple[str, ...], stops: tuple[str, ...]
) -> None:
    files = tuple(
        FileRecord(id=role, role=role, name=role, path=Path(role), size=1) for role in roles
    )

    case = CaseRecord(id="c", title="c", tumour="", origin="built-in", files=files)

    assert stops_of(case) == stops
