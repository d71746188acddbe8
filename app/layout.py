"""The frame of every page: banner, hints, refusals. All text is escaped here, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.viewer.messages import RESEARCH_ONLY
from healnet.exceptions import HealNetError, Notice

WAITING_PX = 600


def banner(*, model: str, chip: str) -> None:
    """Show the 28-px line that stands on every screen: limits of use, model, its card.

    Args:
        model: Name of the model in use; empty where there is none.
        chip: What must be said of the data or the model; empty for nothing.
    """
    label = f'<span class="hn-chip hn-synthetic">{escape(chip)}</span>' if chip else ""
    card = f"<span>model {escape(model)}</span>{_link('models', 'card')}" if model else ""
    st.html(
        f'<div class="hn-banner" role="note"><span>{RESEARCH_ONLY}</span>'
        f'<span class="hn-grow"></span>{label}{card}{_link("diagnostics", "diagnostics")}'
        '<a href="#" role="button" data-theme-switch="yes">light / dark</a></div>'
    )


def show_refusal(error: HealNetError) -> None:
    """Show a refusal: what, where, why, what to do now, and its code."""
    show_notice(error.to_notice(), kind="refusal")


def show_notice(notice: Notice, *, kind: str = "notice") -> None:
    """Show a notice or refusal in the words of the error contract."""
    place = f'<p class="hn-where">{escape(notice.where)}</p>' if notice.where else ""
    rest = [f"<p>{escape(_sentence(text))}</p>" for text in (notice.why, notice.fix) if text]
    role = "alert" if kind == "refusal" else "status"
    st.html(
        f'<div class="hn-refusal hn-{kind}" role="{role}">'
        f'<p class="hn-what">{escape(_sentence(notice.what))}</p>{place}{"".join(rest)}'
        f'<p class="hn-code">{escape(notice.code)}</p></div>'
    )


def toolbar() -> DeltaGenerator:
    """Return a row for the actions of a page."""
    return st.container(horizontal=True, vertical_alignment="center", key="toolbar")


@contextmanager
def waiting(what: str, words: str = "Loading the model...") -> Iterator[None]:
    """Show a grey shape in place of the page while something slow is prepared.

    Args:
        what: Name of what is prepared; the second time in a session it is there already, and
            a shape would only make the page jump.
        words: What is going on, above the shape.
    """
    place = st.empty()
    is_first = not st.session_state.setdefault(f"waited-{what}", False)
    if is_first:
        with place.container():
            st.html(f'<p class="hn-lead" role="status">{escape(words)}</p>')
            st.skeleton(height=WAITING_PX)
    yield
    st.session_state[f"waited-{what}"] = True
    place.empty()


def workspace_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the places of the slide and of the rail."""
    with st.container(key="workspace"):
        left, right = st.columns([68, 32])
    return left, right


def _link(page: str, words: str) -> str:
    return f'<a href="/{page}" target="_self">{words}</a>'


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "?", "!")) else f"{whole}."
