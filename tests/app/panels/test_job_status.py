"""The state of a job in words."""

from dataclasses import replace
from datetime import datetime

import pytest

from app.jobs.queue import JobRecord
from app.panels.analysis import estimated_seconds, is_refused, last_words
from app.panels.job_status import clock, progress_words, stage_words
from healnet.exceptions import Notice

JOB = JobRecord(
    id="j",
    case_id="c",
    kind="encode",
    spec={},
    state="running",
    pid=1,
    updated=datetime(2026, 1, 1),
    stage="encode",
    done=610,
    total=1000,
    rate_per_s=39.6,
    seconds_left=100.4,
    problem=None,
)


def test_progress_names_share_and_time_left() -> None:
    assert progress_words(JOB) == "61 %, 1:40 left"


def test_the_stage_names_counts_rate_and_time_left() -> None:
    assert stage_words(JOB) == (
        "Reading patches \u00b7 610 of 1 000 patches \u00b7 40 patches/s \u00b7 1:40 left"
    )


def test_before_patches_are_counted_no_patches_are_named() -> None:
    words = stage_words(replace(JOB, stage="hash", done=5, total=10, rate_per_s=9e6))

    assert words == "Reading the file"  # its own end is not that of the work


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "queued", "place": 2}, "waiting, place 2"),
        ({"state": "cancelling"}, "stopping"),
        ({"seconds_left": None}, "61 %"),
    ],
)
def test_other_states_have_their_words(changes: dict[str, object], words: str) -> None:
    assert progress_words(replace(JOB, **changes)) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3605, "60:05")])
def test_durations_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_cancelled_job_says_how_far_it_came_and_that_nothing_was_saved() -> None:
    notice = last_words(replace(JOB, state="cancelled"))

    assert notice.what == "Stopped at 61 %. Nothing was saved"


def test_a_failed_job_says_why() -> None:
    problem = Notice(code="JOB-MEMORY", what="not enough memory")

    assert last_words(replace(JOB, state="failed", problem=problem)) == problem
    assert last_words(replace(JOB, state="done")) is None
    assert last_words(JOB) is None
    assert last_words(None) is None


def test_a_slide_without_tissue_names_only_what_the_app_has() -> None:
    problem = Notice(
        code="SLIDE-NO-TISSUE", what="no tissue", why="glass", fix="look at the tissue mask"
    )
    job = replace(JOB, state="failed", problem=problem)

    words = last_words(job)

    assert is_refused(job)
    assert (words.what, words.why) == ("no tissue", "glass")
    assert words.fix.startswith("Go to Cases and open")


def test_the_first_estimate_grows_with_the_area_not_the_pixels() -> None:
    fine = estimated_seconds(width=40_000, height=40_000, mpp=0.25)
    coarse = estimated_seconds(width=20_000, height=20_000, mpp=0.5)

    assert fine == pytest.approx(coarse)
    assert fine == pytest.approx(20 + 0.4 * (10_000 / 128) ** 2 / 55)
