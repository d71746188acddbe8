"""Encoding a slide: start, how far, how long still, stop. The overlay fills in meanwhile."""

from html import escape

import streamlit as st

from app import layout
from app.case_features import PATCH_PX, TARGET_MPP
from app.jobs.queue import JobRecord
from app.panels.job_status import progress_words, stage_words
from app.reading import CaseReading, start_analysis
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from healnet.exceptions import Notice

POLL = "1s"
RATE_PER_S = (
    55.0  # patches a second on two cores without an accelerator, for the first estimate
)
TISSUE_SHARE = 0.4  # of the slide, before it has been looked at
REFRESH_STEP = 0.1  # share of the patches after which the model runs again on what is there


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the next step of a slide that has not been analysed."""
    if read.job is not None and read.job.is_live:
        _show_progress(workspace, read.job.id)
        return
    _show_start(workspace, case, read)


def estimated_seconds(*, width: int, height: int, mpp: float) -> float:
    """Return a rough duration of the encoding of a slide of this size."""
    area_um2 = width * height * mpp**2
    patch_um2 = (PATCH_PX * TARGET_MPP) ** 2
    return TISSUE_SHARE * area_um2 / patch_um2 / RATE_PER_S


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
    return job.problem


def _show_start(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    words = last_words(read.job)
    if words is not None:
        layout.show_notice(words)
    if read.properties is None or read.properties.mpp is None:
        return
    seconds = estimated_seconds(
        width=read.properties.width, height=read.properties.height, mpp=read.properties.mpp
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Analyse", type="primary", key=f"analyse-{case.id}"):
            start_analysis(workspace, case)
            st.rerun()
        lead = f"Not analysed yet. About {_about(seconds)} on this computer."
        st.html(f'<p class="hn-lead">{lead}</p>')


@st.fragment(run_every=POLL)
def _show_progress(workspace: Workspace, job_id: str) -> None:
    """Show a job while it lives; the page is drawn anew at every tenth and at its end."""
    job = workspace.jobs.find(job_id)
    if job is None or not job.is_live:
        st.rerun()
    step = int(job.share / REFRESH_STEP)
    if st.session_state.setdefault(f"step-{job_id}", step) != step:
        st.session_state[f"step-{job_id}"] = step
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key=f"job-{job_id}"):
        st.html(_progress_markup(job))
        if st.button("Cancel", key=f"cancel-{job_id}", disabled=job.state == "cancelling"):
            workspace.jobs.ask_to_stop(job_id)
            st.rerun(scope="fragment")


def _progress_markup(job: JobRecord) -> str:
    text = stage_words(job) if job.state == "running" else progress_words(job)
    return (
        f'<div class="hn-progress" role="status"><progress max="1" value="{job.share:.3f}">'
        f"</progress><span>{escape(text)}</span></div>"
    )


def _about(seconds: float) -> str:
    minutes = seconds / 60
    return f"{max(round(seconds), 1)} s" if minutes < 1 else f"{minutes:.0f} min"
