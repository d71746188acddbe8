"""What can be said of a case right now: a result, a job on its way, or what is missing."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app import models
from app.jobs.partial import read_finished
from app.jobs.queue import JobRecord
from app.predictions import Result, cache
from app.store.records import CaseRecord, FileRecord
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError, Notice

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.data.feature_store import PatchFeatures
    from healnet.explain.prediction import Prediction
    from healnet.slide.properties import SlideProperties

SlideState = Literal["none", "needs_pixel_size", "not_analysed", "running", "ready", "refused"]
ENCODER, TARGET_MPP, PATCH_PX = "lite0", 0.5, 256


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
    slide = _read_slide(case, job)
    bundle, result, problem = _predict(workspace, case, slide)
    return replace(slide, bundle=bundle, result=result, problem=problem)


def _read_slide(case: CaseRecord, job: JobRecord | None) -> CaseReading:
    """Return what the slide of a case is, and how far it is on its way to the model."""
    found = CaseReading(case_id=case.id, job=job)
    try:
        properties = slide_properties(case)
    except HealNetError as error:
        return replace(found, slide_state="refused", slide_problem=error.to_notice())
    state = _slide_state(case, job, properties)
    found = replace(found, properties=properties, slide_state=state)
    if state != "not_analysed" or properties is None:
        return found
    from healnet.slide.patching import check_resolution  # noqa: PLC0415

    try:
        return replace(found, slide_notices=check_resolution(properties, TARGET_MPP))
    except HealNetError as error:
        return replace(found, slide_state="refused", slide_problem=error.to_notice())


def _predict(
    workspace: Workspace, case: CaseRecord, slide: CaseReading
) -> "tuple[ModelBundle | None, Result | None, Notice | None]":
    """Return the model, the result, and why there is none although there are inputs."""
    bundle: ModelBundle | None = None
    try:
        bundle = models.load_model(workspace)
        features = _features(workspace, case, slide.job, slide.properties)
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


def _slide_state(
    case: CaseRecord, job: JobRecord | None, properties: "SlideProperties | None"
) -> SlideState:
    if case.features:
        return "ready"
    if properties is None:
        return "none"
    if job is not None and job.is_live:
        return "running"
    return "needs_pixel_size" if properties.mpp is None else "not_analysed"


def _features(
    workspace: Workspace,
    case: CaseRecord,
    job: JobRecord | None,
    properties: "SlideProperties | None",
) -> "tuple[PatchFeatures, ...]":
    if case.features:
        states = [(file.path, file.path.stat()) for file in case.features]
        return tuple(_stored(path, now.st_mtime_ns, now.st_size) for path, now in states)
    if job is None or not job.is_live or properties is None:
        return ()
    return _partial(workspace.settings.jobs / job.id, case.slides[0], job, properties)


@lru_cache(maxsize=2)  # a large slide has 150 MB of features
def _stored(path: Path, _modified_ns: int, _size: int) -> "PatchFeatures":
    from healnet.data.feature_store import read_features  # noqa: PLC0415

    return read_features(path)


def _partial(
    folder: Path, slide: FileRecord, job: JobRecord, properties: "SlideProperties"
) -> "tuple[PatchFeatures, ...]":
    """Return the patches that a running job has finished, as features of their own."""
    from healnet.data.feature_store import PatchFeatures  # noqa: PLC0415
    from healnet.slide.geometry import grid_over  # noqa: PLC0415

    finished = read_finished(folder)
    if finished is None or properties.mpp is None:
        return ()
    grid = grid_over(
        width=properties.width,
        height=properties.height,
        slide_mpp=properties.mpp,
        mpp=TARGET_MPP,
        patch_px=PATCH_PX,
    )
    return (
        PatchFeatures(
            features=finished.features,
            coords=finished.coords,
            patch_size_l0=grid.patch_size_l0,
            mpp=properties.mpp,
            mpp_source=properties.mpp_source,
            patch_px=PATCH_PX,
            grid=grid,
            encoder=finished.encoder,
            source_sha256=f"{job.id}:{len(finished.coords)}",
            name=slide.name,
            slide_width=properties.width,
            slide_height=properties.height,
        ),
    )
