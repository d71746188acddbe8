"""What is said of the inputs follows from what the model read."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from app.panels.remarks import missing_words, other_rows, remark, tables_label
from app.reading import CaseReading
from app.store.records import CaseRecord, FileRecord
from healnet.exceptions import Notice


@dataclass(frozen=True)
class Read:
    """As much of a prediction as the words need."""

    modalities_used: tuple[str, ...]
    warnings: tuple[Notice, ...] = ()


def make_case(*roles: str) -> CaseRecord:
    files = tuple(
        FileRecord(id=role, role=role, name=role, path=Path(role), size=1) for role in roles
    )
    return CaseRecord(id="c", title="c", tumour="", origin="own", files=files)


@pytest.mark.parametrize(
    ("roles", "used", "words"),
    [
        (("slide", "rna"), ("slide", "rna"), ""),
        (
            ("slide",),
            ("slide",),
            "No omic profile for this case. Estimate uses the slide only.",
        ),
        (
            ("rna",),
            ("rna",),
            "No slide for this case. Estimate uses the omic profile only.",
        ),
        (
            ("slide", "rna"),
            ("rna",),
            "The slide has not been read. Estimate uses the omic profile only.",
        ),
        (
            ("slide", "rna", "clinical"),
            ("slide", "clinical"),
            "The omic profile has not been read. Estimate uses the slide and the clinical data "
            "only.",
        ),
        (
            ("clinical",),
            ("clinical",),
            "No slide for this case. No omic profile for this case. Estimate uses the clinical "
            "data only.",
        ),
    ],
)
def test_what_is_missing_is_said(
    roles: tuple[str, ...], used: tuple[str, ...], words: str
) -> None:
    assert missing_words(make_case(*roles), Read(used)) == words  # type: ignore[arg-type]


def test_without_an_estimate_nothing_is_said_of_one() -> None:
    words = missing_words(make_case(), None)

    assert words == "No slide for this case. No omic profile for this case."


def test_stored_patches_of_a_slide_that_is_gone_are_named() -> None:
    used = ("slide", "rna")
    read = CaseReading(
        case_id="c",
        slide_state="refused",
        slide_problem=Notice(code="SLIDE-MISSING", what="there is no such file"),
        result=type("Result", (), {"prediction": Read(used)})(),
    )

    words = remark(make_case("slide", "features", "rna"), read)

    assert "The slide file cannot be opened now; its stored patches were used." in words
    assert "has not been read" not in words


@pytest.mark.parametrize(
    ("title", "origin", "words"),
    [
        ("Scan", "own", ("rna.csv: row SYN-0030 was chosen for case Scan",)),
        ("SYN-0030", "own", ()),
        ("Scan", "built-in", ()),
    ],
)
def test_a_row_of_another_name_is_said(title: str, origin: str, words: tuple[str]) -> None:
    table = FileRecord(
        id="t", role="rna", name="rna.csv", path=Path("t"), size=1, row_key="SYN-0030"
    )

    case = CaseRecord(id="c", title=title, tumour="", origin=origin, files=(table,))  # type: ignore[arg-type]

    assert other_rows(case) == words


@pytest.mark.parametrize(
    ("tables", "label"),
    [
        (("rna", "cnv"), "omics only"),
        (("clinical",), "clinical only"),
        (("rna", "clinical"), "tables only"),
    ],
)
def test_a_row_without_the_slide_is_named_for_its_content(
    tables: tuple[str, ...], label: str
) -> None:
    assert tables_label(tables) == label


def make_reading(warnings: tuple[Notice, ...]) -> CaseReading:
    read = Read(("slide", "rna"), warnings)
    return CaseReading(case_id="c", result=type("Result", (), {"prediction": read})())


def test_many_warnings_leave_the_estimate_on_the_screen() -> None:
    warnings = tuple(Notice(code=f"W-{n}", what=f"thing {n}") for n in range(9))
    case = make_case("slide", "rna")

    few, many = (remark(case, make_reading(part)) for part in (warnings[:4], warnings))

    assert few.count("<p") == 4
    assert many.count("<p") == 5
    assert "And 5 more under Checks." in many
