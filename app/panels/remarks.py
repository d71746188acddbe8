"""What the estimate was made from, in words: what the model read, not what there is."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from app.reading import CaseReading
from app.store.records import SLIDE, CaseRecord
from healnet.exceptions import Notice

if TYPE_CHECKING:
    from healnet.explain.prediction import Prediction

CLINICAL = "clinical"
MOST_WARNINGS = 4


def remark(case: CaseRecord, read: CaseReading) -> str:
    """Return one line on each thing that is missing, so that the estimate is not over-read."""
    if read.prediction is None:
        return ""
    texts = []
    if read.slide_state == "running":
        texts.append("Preliminary: the slide is still being encoded.")
    if SLIDE in read.prediction.modalities_used and read.slide_problem is not None:
        texts.append("The slide file cannot be opened now; its stored patches were used.")
    texts.append(missing_words(case, read.prediction))
    texts += [f"{words}." for words in other_rows(case)]
    texts += _first_warnings(read.prediction.warnings)
    return "".join(f'<p class="hn-remark">{escape(text)}</p>' for text in texts if text)


def _first_warnings(warnings: Sequence[Notice]) -> list[str]:
    """Return the first warnings as lines: the estimate must stay on the first screen."""
    shown = [warning_words(notice) for notice in warnings[:MOST_WARNINGS]]
    rest = len(warnings) - len(shown)
    return [*shown, f"And {rest} more under Checks."] if rest else shown


def missing_words(case: CaseRecord, prediction: "Prediction | None") -> str:
    """Return which of slide and omic profile the model has not read; empty if it read both.

    Args:
        case: Says why: it was never there, or it was and is not read.
        prediction: The estimate; None where there is none, so that nothing is said of one.
    """
    used = () if prediction is None else prediction.modalities_used
    lacking = []
    if SLIDE not in used:
        has_slide = bool(case.slides or case.features)
        lacking.append(_absent("slide", is_there=has_slide))
    if not omics(used):
        has_omics = bool(omics([table.role for table in case.tables]))
        lacking.append(_absent("omic profile", is_there=has_omics))
    if not lacking or prediction is None:
        return " ".join(lacking)
    return f"{' '.join(lacking)} Estimate uses {read_words(used)} only."


def other_rows(case: CaseRecord) -> tuple[str, ...]:
    """Return, for each table of an own case, that its row is not called as the case is."""
    if case.is_built_in:
        return ()
    names = {case.title.strip(), case.id}
    return tuple(
        f"{table.name}: row {table.row_key} was chosen for case {case.title}"
        for table in case.tables
        if table.row_key and table.row_key.strip() not in names
    )


def read_words(used: Sequence[str]) -> str:
    """Return what was read as words: "the slide and the clinical data"."""
    parts = ["the slide"] if SLIDE in used else []
    parts += ["the omic profile"] if omics(used) else []
    parts += ["the clinical data"] if CLINICAL in used else []
    return " and ".join(parts)


def tables_label(tables: Sequence[str]) -> str:
    """Return what a row without the slide stands for, by what is in it."""
    if CLINICAL not in tables:
        return "omics only"
    return "tables only" if omics(tables) else "clinical only"


def omics(names: Sequence[str]) -> tuple[str, ...]:
    """Return the molecular modalities among some."""
    return tuple(name for name in names if name not in {SLIDE, CLINICAL})


def warning_words(notice: Notice) -> str:
    """Return a warning as one line: what, and where; the rest stands under Checks."""
    place = f" ({notice.where})" if notice.where else ""
    return f"{notice.what[:1].upper()}{notice.what[1:]}{place}."


def _absent(what: str, *, is_there: bool) -> str:
    return f"The {what} has not been read." if is_there else f"No {what} for this case."
