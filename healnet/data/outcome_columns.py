"""Reading time and event of a cohort table: strict, and asking where a code is unclear."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.data.cohort_settings import MONTHS_PER, CohortSettings
from healnet.data.problems import Place, Problems
from healnet.exceptions import CohortError, Notice
from healnet.omics.number_cells import MISSING, parse_cell
from healnet.omics.text_rows import shown

HALF_DAY_MONTHS = 0.5 * MONTHS_PER["days"]
# Median and longest follow-up, months. The longest of the TCGA cohorts are 26 and 287.
_TOO_LONG = (240.0, 720.0)
_LIKE_DAYS = (120.0, 480.0)
_LIKE_YEARS = 15.0
_STATE_DAYS = (
    "if they are days, write time_unit: days in the YAML file beside the table, or name the "
    "column time_days"
)
_MAX_CODES = 10
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


class Times(NamedTuple):
    """Follow-up of every row, and what a reader must know about it."""

    months: Float[ndarray, " n"]  # NaN where a problem was noted or a zero is left out
    notices: tuple[Notice, ...]


def parse_times(
    cells: Sequence[str],
    places: Sequence[Place],
    *,
    settings: CohortSettings,
    problems: Problems,
) -> Times:
    """Return follow-up in months, and what was done about times of 0.

    Raises:
        CohortError: ``COHORT-TIME-DATES`` if the column holds dates.
    """
    if sum(bool(_DATE.fullmatch(cell.strip())) for cell in cells) > len(cells) / 2:
        raise CohortError(
            f"the time column holds dates such as {shown(cells[0])}",
            code="COHORT-TIME-DATES",
            where=problems.name,
            why="a duration from the start of follow-up is needed",
            fix="give time_months: end date minus start date, in months",
        )
    times = np.full(len(cells), np.nan)
    for i, (cell, place) in enumerate(zip(cells, places, strict=True)):
        time = _months(cell, settings)
        if isinstance(time, str):
            problems.add(place, "time", time)
        else:
            times[i] = time
    zeros = sum(parse_cell(cell) == 0 for cell in cells)
    return Times(times, _zero_notices(zeros, settings))


def _months(cell: str, settings: CohortSettings) -> float | str:
    """Return a time in months (NaN: leave the patient out), or what is wrong with it."""
    value = parse_cell(cell)
    if value is None:
        return f"{shown(cell)!r} is not a time"
    if np.isnan(value):
        return "the time is missing"
    if value < 0:
        return f"time {cell.strip()} is negative"
    if value > 0:
        return value * MONTHS_PER[settings.time_unit]
    if settings.zero_times == "refuse":
        return "time 0 (set zero_times to half_day or leave_out in the YAML file)"
    return HALF_DAY_MONTHS if settings.zero_times == "half_day" else np.nan


def _zero_notices(zeros: int, settings: CohortSettings) -> tuple[Notice, ...]:
    if not zeros:
        return ()
    done = "left out" if settings.zero_times == "leave_out" else "moved to half a day"
    return (Notice(code="COHORT-ZERO-TIME", what=f"{zeros} patients with time 0 were {done}"),)


def check_follow_up(
    times: Float[ndarray, " n"], name: str, *, unit: str = "months"
) -> tuple[Notice, ...]:
    """Refuse times that no cohort can have been followed for; return what looks odd.

    Args:
        times: Follow-up in months; NaN where it is not known.
        name: File name.
        unit: In which the file gives them. Only months, which nobody may have stated, are
            doubted aloud.

    Raises:
        CohortError: ``COHORT-TIME-UNIT``.
    """
    seen = times[np.isfinite(times)]
    if len(seen) == 0:
        return ()
    median, longest = float(np.median(seen)), float(seen.max())
    if _is_beyond(median, longest, _TOO_LONG):
        raise _too_long(median, longest, name, unit)
    if unit != "months":
        return ()
    if _is_beyond(median, longest, _LIKE_DAYS):
        return (_unit_notice(median, longest, name, like="days"),)
    return (_unit_notice(median, longest, name, like="years"),) * (longest < _LIKE_YEARS)


def _is_beyond(median: float, longest: float, limits: tuple[float, float]) -> bool:
    return median > limits[0] or longest > limits[1]


def _too_long(median: float, longest: float, name: str, unit: str) -> CohortError:
    return CohortError(
        f"median follow-up would be {median / 12:,.0f} years, the longest {longest / 12:,.0f}: "
        f"are the times really {unit}?",
        code="COHORT-TIME-UNIT",
        where=name,
        why="no cohort is followed for so long; with a wrong unit every survival time of a "
        "model is wrong",
        fix=_STATE_DAYS if unit == "months" else "correct the times, or the unit stated",
    )


def _unit_notice(median: float, longest: float, name: str, *, like: str) -> Notice:
    return Notice(
        code="COHORT-TIME-UNIT",
        what=f"the times look like {like}: read as months, their median is {median:,.1f} and "
        f"the longest {longest:,.1f}",
        where=name,
        why="with a wrong unit every survival time of a model is wrong",
        fix=_STATE_DAYS.replace("days", like),
    )


def parse_events(
    cells: Sequence[str],
    places: Sequence[Place],
    *,
    settings: CohortSettings,
    problems: Problems,
) -> Bool[ndarray, " n"]:
    """Return True where the event happened.

    Raises:
        CohortError: ``COHORT-EVENT-CODES`` or ``COHORT-EVENT-TEXT`` if the codes need a
            decision of the user, with the line to write.
    """
    flags = _mapped_flags(settings) or _FLAGS
    plain = {cell: _plain(cell) for cell in set(cells)}
    texts = [plain[cell] for cell in cells]
    counts = Counter(text for text in texts if text not in flags and text not in MISSING)
    if flags is _FLAGS:
        _ask_about_codes(counts, set(texts), problems.name)
    events = np.zeros(len(cells), dtype=np.bool_)
    for i, (text, place) in enumerate(zip(texts, places, strict=True)):
        if text in flags:
            events[i] = flags[text]
        else:
            shown_cell = "missing" if text in MISSING else f"{shown(cells[i])!r}"
            problems.add(place, "event", f"{shown_cell}; {_expected(settings)} expected")
    return events


def _ask_about_codes(strange: Counter[str], present: set[str], name: str) -> None:
    """Refuse, with a question, when the column as a whole uses other codes than 0 and 1."""
    words = {text: count for text, count in strange.items() if parse_cell(text) is None}
    is_coded = len(words) <= _MAX_CODES and 2 * sum(words.values()) >= strange.total()
    if words and is_coded:
        listed = ", ".join(f"{shown(text)!r} ({words[text]})" for text in sorted(words))
        raise CohortError(
            f"the event column holds text: {listed}",
            code="COHORT-EVENT-TEXT",
            where=name,
            why="it must be said which text means that the event happened",
            fix="write in the YAML file e.g. event_values: {event: [dead], censored: [alive]}",
        )
    codes = sorted(text for text in present if parse_cell(text) is not None)
    codes = [code for code in codes if code not in MISSING]
    if len(strange) > len(words) and all(float(code).is_integer() for code in codes):
        raise _code_question(codes, name)  # single wrong cells are reported with their row


def _code_question(codes: Sequence[str], name: str) -> CohortError:
    question = "is 2 the event?" if codes == ["1", "2"] else "which one is the event?"
    competing = "; other causes would count as censored, which biases absolute risk"
    return CohortError(
        f"the event column holds the codes {', '.join(codes)}: {question}",
        code="COHORT-EVENT-CODES",
        where=name,
        why="only 0 (censored) and 1 (event) can be read without asking"
        + (competing if len(codes) > len(set(_FLAGS.values())) else ""),
        fix="write in the YAML file e.g. event_values: {event: [2], censored: [1]}",
    )


def _mapped_flags(settings: CohortSettings) -> dict[str, bool]:
    codes = {
        kind: {_plain(text) for text in texts} for kind, texts in settings.event_values.items()
    }
    both = codes.get("event", set()) & codes.get("censored", set())
    if both:
        raise CohortError(
            f"event_values lists {', '.join(sorted(both))} as event and as censored",
            code="COHORT-SETTINGS",
            why="it cannot be told whether the event happened",
            fix="correct the YAML file",
        )
    return {code: kind == "event" for kind, listed in codes.items() for code in listed}


def _plain(text: str) -> str:
    """Return a code in one spelling: ``1.0`` and ``1`` are the same, case does not count."""
    text = text.strip().lower()
    number = parse_cell(text)
    if number is not None and np.isfinite(number) and text not in {"true", "false"}:
        return f"{number:g}"
    return text


def _expected(settings: CohortSettings) -> str:
    if not settings.event_values:
        return "1 (event) or 0 (censored)"
    return " or ".join(text for texts in settings.event_values.values() for text in texts)
