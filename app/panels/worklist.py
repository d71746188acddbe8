"""The worklist: one row a case, with what is known of it at a glance."""

from dataclasses import dataclass
from html import escape

import streamlit as st

from app import layout, markup, models, state
from app.charts.mini_strip import draw_mini_strip
from app.panels.job_status import short_status
from app.store.file_state import is_changed
from app.store.records import CaseRecord
from app.store.results import Headline
from app.store.workspace import Workspace
from app.tiles.tokens import mint_token
from healnet.exceptions import Notice

EMPTY = "No cases yet. Pick a slide from a folder, or upload one."
REFRESH = "2s"
COLUMNS = ("", "Case", "Tumour", "Data", "Status", "Risk percentile", "Updated")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case with its status and its latest headline.

    Attributes:
        thumbnail: Address of a picture of its slide; empty where there is none to show.
    """

    case: CaseRecord
    status: str
    headline: Headline | None
    thumbnail: str = ""


def search_box() -> str:
    """Return the words that rows must contain."""
    return st.text_input(
        "Search", placeholder="search", key="search", label_visibility="collapsed", width=240
    ).strip()


def rows(workspace: Workspace, query: str) -> tuple[Row, ...]:
    """Return the cases that match a search, own ones first."""
    model_key = models.shipped_key(workspace)
    wanted = query.lower()
    return tuple(
        _make_row(workspace, case, model_key)
        for case in workspace.cases()
        if wanted in f"{case.title} {case.tumour}".lower()
    )


def _make_row(workspace: Workspace, case: CaseRecord, model_key: str) -> Row:
    status = short_status(workspace, case)
    if any(is_changed(slide) for slide in case.slides):  # whose slide it is now, nobody knows
        return Row(case=case, status=status, headline=None)
    return Row(
        case=case,
        status=status,
        headline=workspace.results.of_case(case.id, model_key),
        thumbnail=_thumbnail_address(workspace, case),
    )


def _thumbnail_address(workspace: Workspace, case: CaseRecord) -> str:
    """Return the address of a case's thumbnail, another one for each state of the file."""
    if not case.slides or not case.slides[0].path.is_file():
        return ""
    slide = case.slides[0]
    return f"/wsi/{mint_token(slide.id)}/thumbnail.jpg?v={workspace.file_version(slide)[:16]}"


def show(workspace: Workspace, query: str, *, is_changing: bool) -> None:
    """Show the cases that match; while something is under way, look again every two seconds.

    Args:
        workspace: Whose cases.
        query: Words that rows must contain.
        is_changing: Whether a job works or the showcase cases are being prepared.
    """
    st.fragment(_show, run_every=REFRESH if is_changing else None)(workspace, query)


def _show(workspace: Workspace, query: str) -> None:
    found = rows(workspace, query)
    if not found:
        show_empty(is_filtered=bool(query))
        return
    show_table(found)


def show_table(rows: tuple[Row, ...]) -> None:
    """Show the table; pressing a row opens its case."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    body = "".join(_row(row) for row in rows)
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    pressed = markup.show(f'<table class="hn-worklist">{table}</table>', key="worklist")
    if pressed:
        state.open_case(pressed)


def show_empty(*, is_filtered: bool) -> None:
    """Say that there is nothing to show, and what now."""
    text = "No case matches this search." if is_filtered else EMPTY
    st.html(f'<p class="hn-empty">{text}</p>')


def say_where_links_led(*, is_unknown: bool) -> None:
    """Tell the reader that a link led to no case, without repeating it."""
    if is_unknown:
        layout.show_notice(
            Notice(
                code="CASE-UNKNOWN",
                what="The link does not lead to a case of this workspace",
                why="The case may have been removed, or the link is incomplete",
                fix="Open a case from the list",
            )
        )


def _row(row: Row) -> str:
    case = row.case
    cells = (
        _thumbnail(row.thumbnail),
        f'<b>{escape(case.title)}</b><span class="hn-note">{escape(case.note)}</span>',
        escape(case.tumour or "-"),
        "".join(f'<span class="hn-chip">{escape(name)}</span>' for name in modalities(case)),
        row.status,
        _percentile(row.headline),
        escape(_when(case)),
    )
    inside = "".join(f"<td>{cell}</td>" for cell in cells)
    name = escape(f"Open case {case.title}")
    return (
        f'<tr data-press="{escape(case.id)}" tabindex="0" role="button" '
        f'aria-label="{name}">{inside}</tr>'
    )


def modalities(case: CaseRecord) -> tuple[str, ...]:
    """Return the kinds of data that a case has, as words for chips."""
    has_slide = bool(case.slides or case.features)
    return (*(("slide",) if has_slide else ()), *(table.role for table in case.tables))


def _thumbnail(address: str) -> str:
    if not address:
        return '<span class="hn-thumb hn-none"></span>'
    return f'<img class="hn-thumb" src="{address}" alt="" loading="lazy">'


def _percentile(headline: Headline | None) -> str:
    if headline is None:
        return "-"
    strip = draw_mini_strip(headline.percentile, group=headline.group)
    if not headline.num_warnings:
        return strip
    words = f"{headline.num_warnings} warning(s): open the case"
    mark = f'<span class="hn-warning" role="img" title="{words}" aria-label="{words}">!</span>'
    return f'<span class="hn-marked">{strip}{mark}</span>'


def _when(case: CaseRecord) -> str:
    return "built in" if case.updated is None else f"{case.updated:%Y-%m-%d %H:%M} UTC"
