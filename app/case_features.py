"""The encoded patches of a case: stored ones, or those that a running job has finished.

Patches of another file or of another scale are never used.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.jobs.partial import read_finished
from app.jobs.queue import JobRecord
from app.store.records import CaseRecord, FileRecord
from app.store.workspace import Workspace
from healnet.exceptions import FeatureError, HealNetError, Notice

if TYPE_CHECKING:
    from healnet.data.feature_store import PatchFeatures
    from healnet.slide.properties import SlideProperties

ENCODER, TARGET_MPP, PATCH_PX = "lite0", 0.5, 256
SAME_SCALE = 1e-6  # relative; both come from the same number


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredFeatures:
    """The stored patches of a case, or why there are none that may be used.

    Attributes:
        features: One entry a slide; empty if any of them may not be used.
        notice: Why not; None where nothing was ever stored.
    """

    features: "tuple[PatchFeatures, ...]" = ()
    notice: Notice | None = None


def stored_features(case: CaseRecord, properties: "SlideProperties | None") -> StoredFeatures:
    """Return the stored patches of a case, each checked against its slide.

    Args:
        case: The case.
        properties: Of its first slide; None if that cannot be opened now.
    """
    mpp = case.slide_mpp if properties is None else properties.mpp
    try:
        return StoredFeatures(
            features=tuple(_checked(case, file, mpp) for file in case.features)
        )
    except HealNetError as error:
        return StoredFeatures(notice=error.to_notice())


def partial_features(
    workspace: Workspace, case: CaseRecord, job: JobRecord, properties: "SlideProperties"
) -> "tuple[PatchFeatures, ...]":
    """Return the patches that a running job has finished, as features of their own.

    None of a job that is stopping, or that was started with another pixel size.
    """
    is_current = job.state == "running" and job.spec.get("slide_mpp") == case.slide_mpp
    finished = read_finished(workspace.settings.jobs / job.id) if is_current else None
    if finished is None or properties.mpp is None:
        return ()
    from healnet.data.feature_store import PatchFeatures  # noqa: PLC0415
    from healnet.slide.geometry import grid_over  # noqa: PLC0415

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
            name=case.slides[0].name,
            slide_width=properties.width,
            slide_height=properties.height,
        ),
    )


def _checked(case: CaseRecord, file: FileRecord, mpp: float | None) -> "PatchFeatures":
    try:
        now = file.path.stat()
    except OSError as error:
        raise FeatureError(
            "the patches that were stored for this slide are not there any more",
            code="FEATURES-GONE",
            fix="press Analyse to make them again",
        ) from error
    found = _read(file.path, now.st_mtime_ns, now.st_size)
    if not case.is_built_in and (not file.made_from or found.slide_sha256 != file.made_from):
        raise FeatureError(
            "the stored patches cannot be traced to this slide file",
            code="FEATURES-UNTRACED",
            why="they may have been made from another one",
            fix="press Analyse to make them again",
        )
    if mpp is not None and not _is_same_scale(found.mpp, mpp):
        raise FeatureError(
            "the stored patches were cut at another pixel size",
            code="FEATURES-SCALE",
            why=f"they stand for {found.mpp or 0:g} um per pixel, the slide for {mpp:g}",
            fix="press Analyse to make them again",
        )
    return found


def _is_same_scale(found: float | None, mpp: float) -> bool:
    return found is not None and math.isclose(found, mpp, rel_tol=SAME_SCALE)


@lru_cache(maxsize=2)  # a large slide has 150 MB of features
def _read(path: Path, _modified_ns: int, _size: int) -> "PatchFeatures":
    from healnet.data.feature_store import read_features  # noqa: PLC0415

    return read_features(path)
