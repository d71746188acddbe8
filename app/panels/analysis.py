"""Encoding a slide: start, how far, how long still, stop. The overlay fills in meanwhile."""

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app import layout
from app.case_features import PATCH_PX, TARGET_MPP
from app.jobs.queue import JobRecord
from app.panels.job_status import progress_words, stage_words
from app.reading import CaseReading, start_analysis
from app.store.known_names import as_known
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError, Notice

if TYPE_CHECKING:
    from healnet.slide.properties import SlideProperties

POLL = "1s"
NO_TISSUE = "SLIDE-NO-TISSUE"
NO_TISSUE_FIX = "Go to Cases and open a slide with more tissue, or a better scan of this one"
RATE_PER_S = (
    55.0  # patches a second on two cores without an accelerator, for the first estimate
)
START_S = 20.0  # measured: the worker starts, loads the encoder and finds the tissue
TISSUE_SHARE = 0.4  # of the slide, before it has been looked at
REFRESH_STEP = 0.1  # share of the patches after which the model runs again on what is there


@st.fragment(run_every=POLL)
def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the next step of a slide that has not been analysed, or how far it is.

    A fragment of its own: a press of Analyse or Cancel changes it at once, and the rest of
    the page follows.

    Args:
        workspace: Holds the jobs.
        case: A case with a slide.
        read: What the page around the fragment was drawn from.
    """
    job = workspace.jobs.latest(case.id)
    if job is not None and job.is_live:
        _show_progress(workspace, job)
        return
    if not case.is_built_in and _state(job) != _state(read.job):
        st.rerun()  # it has ended since the page was drawn
    problem = st.session_state.pop(_problem_key(case), None)
    if problem is not None:
        layout.show_notice(problem, kind="refusal")
    _show_start(workspace, case, replace(read, job=job))


def estimated_seconds(*, width: int, height: int, mpp: float) -> float:
    """Return a rough duration of the encoding of a slide of this size."""
    area_um2 = width * height * mpp**2
    patch_um2 = (PATCH_PX * TARGET_MPP) ** 2
    return START_S + TISSUE_SHARE * area_um2 / patch_um2 / RATE_PER_S


def last_words(job: JobRecord | None) -> Notice | None:
    """Return what to say of a job that has ended without a result."""
    if job is None or job.is_live or job.state == "done":
        return None
    if job.state == "cancelled":
        share = f"{100 * job.share:.0f}"
        return Notice(
            code="CANCELLED",
            what=f"Stopped at {share} %. Nothing was saved",
            fix="Press Analyse to start again",
        )
    if job.problem is not None and job.problem.code == NO_TISSUE:
        return replace(job.problem, fix=NO_TISSUE_FIX)  # the message's own is for a script
    return job.problem


def is_refused(job: JobRecord | None) -> bool:
    """Return whether the last analysis ended because the model cannot use this slide."""
    if job is None or job.state != "failed" or job.problem is None:
        return False
    return job.problem.code.startswith("SLIDE-")


def _show_start(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    words = last_words(read.job)
    if words is not None:
        kind = "refusal" if is_refused(read.job) else "notice"
        layout.show_notice(as_known(words, case.files), kind=kind)
    if read.properties is None or read.properties.mpp is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Analyse again" if is_refused(read.job) else "Analyse",
            type="secondary" if is_refused(read.job) else "primary",
            key=f"analyse-{case.id}",
            on_click=_start,
            args=(workspace, case),
        )
        if not is_refused(read.job):
            st.html(f'<p class="hn-lead">{_estimate_words(read.properties)}</p>')


def _estimate_words(properties: "SlideProperties") -> str:
    seconds = estimated_seconds(
        width=properties.width, height=properties.height, mpp=properties.mpp or TARGET_MPP
    )
    return f"Not analysed yet. About {_about(seconds)} on this computer."


def _start(workspace: Workspace, case: CaseRecord) -> None:
    try:
        start_analysis(workspace, case)
    except HealNetError as error:  # of a button's answer the router sees nothing
        st.session_state[_problem_key(case)] = error.to_notice()


def _state(job: JobRecord | None) -> tuple[str, str]:
    return ("", "") if job is None else (job.id, job.state)


def _problem_key(case: CaseRecord) -> str:
    return f"start-problem-{case.id}"


def _show_progress(workspace: Workspace, job: JobRecord) -> None:
    """Show a job while it lives; the page is drawn anew at its start and at every tenth."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"job-{job.id}"):
        st.html(_progress_markup(job))
        st.button(
            "Cancel",
            key=f"cancel-{job.id}",
            disabled=job.state == "cancelling",
            on_click=workspace.jobs.ask_to_stop,
            args=(job.id,),
        )
    step = int(job.share / REFRESH_STEP)
    if st.session_state.setdefault(f"step-{job.id}", step) != step:
        st.session_state[f"step-{job.id}"] = step
        st.rerun()


def _progress_markup(job: JobRecord) -> str:
    text = "Stopping..." if job.state == "cancelling" else progress_words(job)
    text = stage_words(job) if job.state == "running" else text[:1].upper() + text[1:]
    return (
        f'<div class="hn-progress" role="status"><progress max="1" value="{job.share:.3f}">'
        f"</progress><span>{escape(text)}</span></div>"
    )


def _about(seconds: float) -> str:
    minutes = seconds / 60
    return f"{max(round(seconds), 1)} s" if minutes < 1 else f"{minutes:.0f} min"
