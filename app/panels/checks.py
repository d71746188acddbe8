"""The checks list and the limits: what was looked at before the number was shown."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app.model_facts import cohort_name, endpoint, limits
from app.predictions import cache
from app.reading import CaseReading
from app.store.records import CaseRecord

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the checks, every warning of the result, and what the result does not say."""
    if read.prediction is None or read.bundle is None:
        return
    rows = check_rows(case, read.prediction, read)
    passed = sum(is_good for is_good, _text in rows)
    items = "".join(_item(is_good, text) for is_good, text in rows)
    with st.expander(f"Checks {passed} of {len(rows)}", expanded=passed < len(rows)):
        st.html(f'<ul class="hn-checks">{items}</ul>{_warnings(read.prediction)}')
    with st.expander("Limits"):
        st.html(_limits(read.bundle))
    _show_origin(read)


def _show_origin(read: CaseReading) -> None:
    """Say that the numbers were computed here, and offer to do it again."""
    if read.result is None or read.bundle is None:
        return
    words = (
        f"Computed on this machine in {read.result.seconds:.1f} s by "
        f"{len(read.result.prediction.member_risks)} of {len(read.bundle.ensemble)} models "
        f"({read.bundle.name}, {read.bundle.sha256[:12]})."
    )
    with st.container(horizontal=True, vertical_alignment="center", key="origin"):
        st.html(f'<p class="hn-small">{escape(words)}</p>')
        if st.button("Recompute", type="tertiary", key="recompute"):
            cache().forget(read.result.key)
            st.rerun()


def check_rows(
    case: CaseRecord, prediction: "Prediction", read: CaseReading
) -> tuple[tuple[bool, str], ...]:
    """Return (passed, words) of each check."""
    rows = [
        (
            prediction.unseen,
            "this patient was not used to train the model that made the estimate"
            if prediction.unseen
            else "this patient was used in training: the estimate is too good to be true",
        )
    ]
    if case.slides:
        source = read.properties.mpp_source if read.properties is not None else None
        rows.append((source == "file", _pixel_size_words(source)))
    used = ", ".join(prediction.modalities_used)
    given = {table.role for table in case.tables}
    unused = sorted(given - set(prediction.modalities_used))
    rows.append(
        (
            not unused,
            f"read by the model: {used}"
            + (f"; not read: {', '.join(unused)}" if unused else ""),
        )
    )
    is_clean = not prediction.warnings
    count = len(prediction.warnings)
    rows.append((is_clean, "no warning" if is_clean else f"{count} warning(s), see below"))
    return tuple(rows)


def _pixel_size_words(source: str | None) -> str:
    if source == "file":
        return "the slide file states its pixel size"
    if source == "user":
        return "the pixel size was entered by hand: the result is marked"
    return "the pixel size is unknown"


def _item(is_good: bool, text: str) -> str:  # noqa: FBT001
    mark, name = ("\u2713", "passed") if is_good else ("!", "attention")
    kind = "hn-good" if is_good else "hn-warning"
    return (
        f'<li><span class="{kind}" role="img" aria-label="{name}">{mark}</span> '
        f"{escape(text)}</li>"
    )


def _warnings(prediction: "Prediction") -> str:
    items = "".join(
        f"<li><b>{escape(notice.what)}</b> {escape(notice.where)} {escape(notice.why)} "
        f'{escape(notice.fix)} <span class="hn-small">{escape(notice.code)}</span></li>'
        for notice in prediction.warnings
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in prediction.notes)
    return f'<ul class="hn-notes">{items}{notes}</ul>' if items or notes else ""


def _limits(bundle: "ModelBundle") -> str:
    texts = [
        f"Endpoint: {endpoint(bundle)}. Without the event, a patient is censored.",
        f"Reference: {cohort_name(bundle)}.",
        *limits(bundle),
    ]
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="hn-notes">{items}</ul><a href="/models" target="_self">Model card</a>'
