"""Matching the names of a table to the names a model was trained on.

Exact names first, then the same letters in another case, then gene symbols that were renamed
because spreadsheets turn them into dates. Nothing fuzzier: a wrong match is worse than none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from healnet.exceptions import Notice, TableError

ENDINGS = {"rna": "_rnaseq", "cnv": "_cnv", "mutation": "_mut"}  # of PORPOISE tables
FEW_VALUES = "OMICS-FEW-VALUES"
_FIRST = 5
ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}(\.\d+)?", re.IGNORECASE)
# HGNC, 2020: SEPT9 is now SEPTIN9, MARCH1 MARCHF1, MARC1 MTARC1.
_RENAMED = (
    (re.compile(r"SEPT(\d+)"), r"SEPTIN\1"),
    (re.compile(r"MARCH(\d+)"), r"MARCHF\1"),
    (re.compile(r"MARC(\d)"), r"MTARC\1"),
)


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """How much of what a model expects a table has.

    Attributes:
        modality: E.g. ``rna``.
        expected: Number of columns the model was trained on.
        matched: How many of them the table has.
        missing: The names it lacks.
        extra: Number of columns the model does not know; they are not read.
        renamed: (expected, given) where another case or an older symbol was matched.
        share_measured: Of the features, those with a value; of all, or of those that the model
            reads, whichever is more.
        notices: What a reader of the result must know.
    """

    modality: str
    expected: int
    matched: int
    missing: tuple[str, ...] = ()
    extra: int = 0
    renamed: tuple[tuple[str, str], ...] = ()
    share_measured: float = 1.0
    notices: tuple[Notice, ...] = ()

    @property
    def share(self) -> float:
        """Matched by expected, in [0, 1]."""
        return self.matched / self.expected


@dataclass(frozen=True, kw_only=True)
class NameMatch:
    """For each expected name the name in the table, or None; and the report."""

    sources: tuple[str | None, ...]
    report: MatchReport


@lru_cache(maxsize=64)
def match_names(
    modality: str, expected: tuple[str, ...], given: tuple[str, ...], floor: float
) -> NameMatch:
    """Return which column of a table stands for each expected name.

    Args:
        modality: For messages.
        expected: Names the model was trained on.
        given: Names in the table, all different.
        floor: Smallest share that may be matched, in [0, 1]. At least one name always must.

    Raises:
        TableError: ``OMICS-UNMATCHED`` below the floor; ``OMICS-AMBIGUOUS`` if two columns
            differ only in case and neither is spelled as expected, or if one column could be
            two of the expected.
    """
    exact = set(given)
    folded: dict[str, list[str]] = {}
    for name in given:
        folded.setdefault(canonical(name, modality), []).append(name)
    sources = tuple(
        name
        if name in exact
        else _only(folded.get(canonical(name, modality), []), name, modality)
        for name in expected
    )
    matched = [source for source in sources if source is not None]
    _refuse_shared(expected, sources, modality)
    pairs = tuple(zip(expected, sources, strict=True))
    report = MatchReport(
        modality=modality,
        expected=len(expected),
        matched=len(matched),
        missing=tuple(name for name, source in pairs if source is None),
        extra=len(given) - len(set(matched)),
        renamed=tuple(
            (name, source)
            for name, source in pairs
            if source is not None
            and without_ending(source, modality) != without_ending(name, modality)
        ),
    )
    if not matched or report.share < floor:
        raise _unmatched(report, expected, given, floor)
    notices = (*_partial(report), *_renamed(report))
    return NameMatch(sources=sources, report=_with_notices(report, notices))


def refuse_few_values(report: MatchReport, floor: float) -> None:
    """Refuse a row of which too little is measured, whatever its names promise.

    Raises:
        TableError: ``OMICS-FEW-VALUES`` below the floor.
    """
    if report.share_measured >= floor:
        return
    raise TableError(
        f"{report.share_measured:.0%} of the expected {report.modality} features have a value",
        code=FEW_VALUES,
        where=f"{report.modality} table",
        why=f"the estimate would rest on too little; at least {floor:.0%} are needed",
        fix="fill in what was measured, or leave the table out",
    )


def canonical(name: str, modality: str = "") -> str:
    """Return one spelling for names that mean the same: upper case, today's gene symbol.

    Args:
        name: As a table or a model has it.
        modality: Drops the ending that names of this kind carry: TP53_mut is TP53.
    """
    name = without_ending(name.strip(), modality).upper()
    for old, new in _RENAMED:
        if old.fullmatch(name):
            return old.sub(new, name)
    return name


def without_ending(name: str, modality: str) -> str:
    """Return a name without the ending that tells its kind in tables of several kinds."""
    ending = ENDINGS.get(modality, "")
    return name.removesuffix(ending) or name


def _only(candidates: Sequence[str], name: str, modality: str) -> str | None:
    if len(candidates) > 1:
        raise TableError(
            f"{' and '.join(candidates[:_FIRST])} could both be {name}",
            code="OMICS-AMBIGUOUS",
            where=modality,
            fix=f"keep one of them and name it {name}",
        )
    return candidates[0] if candidates else None


def _refuse_shared(
    expected: Sequence[str], sources: Sequence[str | None], modality: str
) -> None:
    first: dict[str, str] = {}
    for name, source in zip(expected, sources, strict=True):
        if source is not None and first.setdefault(source, name) != name:
            raise TableError(
                f"{source} could be {first[source]} and {name}",
                code="OMICS-AMBIGUOUS",
                where=modality,
                why="one measured value would be read as two features",
                fix=f"give a column {first[source]} and a column {name}",
            )


def _with_notices(report: MatchReport, notices: tuple[Notice, ...]) -> MatchReport:
    return MatchReport(**{**vars(report), "notices": notices})


def _unmatched(
    report: MatchReport, expected: Sequence[str], given: Sequence[str], floor: float
) -> TableError:
    return TableError(
        f"{report.matched:,} of {report.expected:,} expected {report.modality} features found",
        code="OMICS-UNMATCHED",
        where=f"{report.modality} table",
        why=f"{_naming_hint(report.modality, given)}; at least {max(floor, 0):.0%} are needed",
        fix=f"expected names such as {', '.join(expected[:_FIRST])}; "
        f"the table has {', '.join(given[:_FIRST])}",
    )


def _naming_hint(modality: str, given: Sequence[str]) -> str:
    if modality == "clinical":
        return "columns are matched by the names of the training table"
    num_ensembl = sum(bool(ENSEMBL.fullmatch(name.strip())) for name in given)
    if num_ensembl > len(given) / 2:
        return "these are Ensembl ids; expected HGNC symbols"
    if num_ensembl:
        return "are these Ensembl ids? Expected HGNC symbols"
    return "features are matched by the names of the training table"


def _partial(report: MatchReport) -> tuple[Notice, ...]:
    if not report.missing:
        return ()
    first = ", ".join(report.missing[:_FIRST])
    more = " ..." if len(report.missing) > _FIRST else ""
    return (
        Notice(
            code="OMICS-PARTIAL",
            what=f"{report.matched:,} of {report.expected:,} expected {report.modality} "
            "features found",
            where=f"missing {first}{more}",
            why="the model does not read what is missing; the estimate rests on the rest",
            fix="add the missing columns under the names used in training",
        ),
    )


def _renamed(report: MatchReport) -> tuple[Notice, ...]:
    if not report.renamed:
        return ()
    first = ", ".join(f"{given} as {name}" for name, given in report.renamed[:_FIRST])
    more = " ..." if len(report.renamed) > _FIRST else ""
    return (
        Notice(
            code="OMICS-RENAMED",
            what=f"{len(report.renamed):,} {report.modality} columns were matched in another "
            "spelling",
            where=f"{first}{more}",
        ),
    )
