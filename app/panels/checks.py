"""The checks list and the limits: what was looked at before the number was shown."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app.case_tables import matched_features
from app.model_facts import limits
from app.panels.remarks import other_rows, warning_words
from app.predictions import cache
from app.reading import CaseReading
from app.store.records import CaseRecord
from healnet.omics.unlike_training import BY_SCALE

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction
    from healnet.omics.name_match import MatchReport

FEW_PATCHES = 50
GOOD_MATCH = 0.9
SEEN = "CASE-SEEN"


def is_out_of_scope(prediction: "Prediction") -> bool:
    """Return whether the slide is unlike those that the model has learned from."""
    from healnet.explain.prediction import UNLIKE  # noqa: PLC0415  (loads torch)

    return any(notice.code in UNLIKE for notice in prediction.warnings)


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
    rows = [_membership(prediction)]
    if case.slides:
        rows += _slide_rows(prediction, read)
    rows.append(_use(case, prediction))
    rows += [(False, words) for words in other_rows(case)]
    if read.bundle is not None:
        rows += [_match(report) for report in matched_features(case, read.bundle)]
    rows += [
        (False, warning_words(notice))
        for notice in prediction.warnings
        if notice.code in BY_SCALE
    ]
    return tuple(rows)


def _membership(prediction: "Prediction") -> tuple[bool, str]:
    if prediction.unseen:
        return True, "this patient is not one of the training patients"
    if any(notice.code == SEEN for notice in prediction.warnings):
        return False, "a training patient: every model has seen this patient"
    return False, "a training patient: only models that did not see this patient answer"


def _slide_rows(prediction: "Prediction", read: CaseReading) -> list[tuple[bool, str]]:
    source = None if read.properties is None else read.properties.mpp_source
    rows = [(source == "file", _pixel_size_words(source))]
    if prediction.slides:
        count = len(prediction.slides[0].features)
        few = "" if count >= FEW_PATCHES else f": a map wants at least {FEW_PATCHES}"
        rows.append((count >= FEW_PATCHES, f"{count} patches of tissue{few}"))
        is_like = not is_out_of_scope(prediction)
        words = "looks" if is_like else "does not look"
        rows.append((is_like, f"the slide {words} like the training slides"))
    return rows


def _use(case: CaseRecord, prediction: "Prediction") -> tuple[bool, str]:
    unused = sorted({table.role for table in case.tables} - set(prediction.modalities_used))
    words = f"read by the model: {', '.join(prediction.modalities_used)}"
    return not unused, words + (f"; not read: {', '.join(unused)}" if unused else "")


def _match(report: "MatchReport") -> tuple[bool, str]:
    words = f"{report.modality}: {report.matched} of {report.expected} features matched"
    return report.share >= GOOD_MATCH, words


def _pixel_size_words(source: str | None) -> str:
    if source == "file":
        return "the slide file states its pixel size"
    if source == "user":
        return "the pixel size was entered by hand: the result is marked"
    return "the pixel size is unknown"


def _item(is_good: bool, text: str) -> str:  # noqa: FBT001
    mark, name = ("\u2713", "passed") if is_good else ("!", "warning")
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
        f"Endpoint: {bundle.endpoint}. Without the event, a patient is censored.",
        f"Reference: {bundle.cohort_name}.",
        *limits(bundle),
    ]
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="hn-notes">{items}</ul><a href="/models" target="_self">Model card</a>'
