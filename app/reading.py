"""What can be said of a case right now: a result, a job on its way, or what is missing."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from app import models
from app.case_features import (
    ENCODER,
    PATCH_PX,
    TARGET_MPP,
    partial_features,
    stored_features,
)
from app.jobs.queue import JobRecord
from app.predictions import Result, cache
from app.store.file_state import check_unchanged
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError, Notice, SlideError

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.data.feature_store import PatchFeatures
    from healnet.explain.prediction import Prediction
    from healnet.slide.properties import SlideProperties

SlideState = Literal["none", "needs_pixel_size", "not_analysed", "running", "ready", "refused"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseReading:
    """Everything that the Case page draws.

    Attributes:
        case_id: Whom it is about; every result must carry the same id.
        bundle: The model; None where none is installed.
        result: None where there is nothing (yet) to predict from.
        properties: Of the slide on screen; None without a slide.
        slide_state: How far the slide is on its way to the model.
        job: The newest job of the case.
        problem: Why there is no prediction although there are inputs.
        slide_problem: Why the slide cannot be shown or cannot be analysed.
        slide_notices: What to know before it is analysed.
    """

    case_id: str
    bundle: "ModelBundle | None" = None
    result: "Result | None" = None
    properties: "SlideProperties | None" = None
    slide_state: SlideState = "none"
    job: JobRecord | None = None
    problem: Notice | None = None
    slide_problem: Notice | None = None
    slide_notices: tuple[Notice, ...] = ()

    @property
    def prediction(self) -> "Prediction | None":
        """The prediction, or None where there is no result (yet)."""
        return None if self.result is None else self.result.prediction

    @property
    def result_key(self) -> str:
        """The hash of everything that made the result; empty without one."""
        return "" if self.result is None else self.result.key


def read_case(workspace: Workspace, case: CaseRecord) -> CaseReading:
    """Return what can be said of a case right now. Refusals become part of the answer."""
    job = None if case.is_built_in else workspace.jobs.latest(case.id)
    try:
        for slide in case.slides:
            check_unchanged(slide)
    except SlideError as error:  # whose slide it is now, nobody knows: nothing is said
        changed = error.to_notice()
        return CaseReading(
            case_id=case.id, job=job, slide_state="refused", slide_problem=changed
        )
    found, features = _read_slide(workspace, case, job)
    bundle, result, problem = _predict(workspace, case, found, features)
    return replace(found, bundle=bundle, result=result, problem=problem)


def _read_slide(
    workspace: Workspace, case: CaseRecord, job: JobRecord | None
) -> "tuple[CaseReading, tuple[PatchFeatures, ...]]":
    """Return what the slide is, how far it is on its way to the model, and its patches."""
    found = CaseReading(case_id=case.id, job=job)
    try:
        properties = slide_properties(case)
    except HealNetError as error:
        problem = error.to_notice()
        refused = replace(found, slide_state="refused", slide_problem=problem)
        return refused, stored_features(case, None).features
    stored = stored_features(case, properties)
    notices = () if stored.notice is None else (stored.notice,)
    found = replace(found, properties=properties, slide_notices=notices)
    if stored.features or properties is None:
        state: SlideState = "ready" if stored.features else "none"
        return replace(found, slide_state=state), stored.features
    if job is not None and job.is_live:
        partial = partial_features(workspace, case, job, properties)
        return replace(found, slide_state="running"), partial
    return _before_analysis(found, properties), ()


def _before_analysis(found: CaseReading, properties: "SlideProperties") -> CaseReading:
    """Return whether the slide can be analysed, and what to know before."""
    if properties.mpp is None:
        return replace(found, slide_state="needs_pixel_size")
    from healnet.slide.patching import check_resolution  # noqa: PLC0415

    try:
        notices = (*found.slide_notices, *check_resolution(properties, TARGET_MPP))
    except HealNetError as error:
        return replace(found, slide_state="refused", slide_problem=error.to_notice())
    return replace(found, slide_state="not_analysed", slide_notices=notices)


def _predict(
    workspace: Workspace,
    case: CaseRecord,
    slide: CaseReading,
    features: "tuple[PatchFeatures, ...]",
) -> "tuple[ModelBundle | None, Result | None, Notice | None]":
    """Return the model, the result, and why there is none although there are inputs."""
    bundle: ModelBundle | None = None
    try:
        bundle = models.load_model(workspace)
        if not features and not case.tables:
            return bundle, None, None
        result = cache().predict(
            workspace,
            case,
            bundle,
            features=features,
            is_final=slide.slide_state != "running",
        )
    except HealNetError as error:
        return bundle, None, error.to_notice()
    return bundle, result, None


def slide_properties(case: CaseRecord) -> "SlideProperties | None":
    """Return what the first slide of a case says about itself, probed safely.

    Raises:
        SlideError: If the file cannot be read (any more).
    """
    if not case.slides:
        return None
    from healnet.slide.intake import probe_slide  # noqa: PLC0415  (heavy; first use only)

    properties = probe_slide(case.slides[0].path)
    return properties if case.slide_mpp is None else properties.with_user_mpp(case.slide_mpp)


def start_analysis(workspace: Workspace, case: CaseRecord) -> None:
    """Queue the encoding of the first slide of a case.

    Raises:
        JobError: If too many jobs wait.
    """
    workspace.jobs.submit(
        case_id=case.id,
        kind="encode",
        spec={
            "slide": case.slides[0].id,
            "encoder": ENCODER,
            "mpp": TARGET_MPP,
            "patch_px": PATCH_PX,
            "slide_mpp": case.slide_mpp,
        },
    )
