"""Names that mean the same: with and without the ending that tells the kind of a table."""

import pytest

from healnet.exceptions import TableError
from healnet.omics.name_match import match_names

PLAIN, ENDED = ("TP53", "SEPTIN9", "EGFR"), ("TP53_mut", "SEPT9_mut", "EGFR_mut")


@pytest.mark.parametrize(("expected", "given"), [(PLAIN, ENDED), (ENDED, PLAIN)])
def test_an_ending_of_its_kind_makes_no_difference(
    expected: tuple[str, ...], given: tuple[str, ...]
) -> None:
    found = match_names("mutation", expected, given, 0.5)

    assert found.sources == given
    assert [name for name, _ in found.report.renamed] == [expected[1]]  # only the old symbol


def test_an_ending_of_another_kind_is_part_of_the_name() -> None:
    with pytest.raises(TableError) as refused:
        match_names("rna", PLAIN, ENDED, 0.5)

    assert refused.value.code == "OMICS-UNMATCHED"
    assert refused.value.why.endswith("at least 50% are needed")


def test_a_name_with_and_without_its_ending_is_read_as_it_is_spelled() -> None:
    found = match_names("mutation", ("TP53",), ("TP53_mut", "TP53"), 0.5)

    assert found.sources == ("TP53",)
