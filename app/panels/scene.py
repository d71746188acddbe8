"""From a case and its result to what the viewer shows."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app import models
from app.panels.job_status import STAGES
from app.panels.regions import read_regions
from app.predictions import check_owner
from app.reading import CaseReading
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from app.tiles.maps import map_url, publish_map
from app.tiles.pyramid import lay_pyramid
from app.tiles.tokens import mint_token
from app.viewer.layers import PatchLattice, lay_lattice
from app.viewer.messages import RESEARCH_ONLY, AnalysisProgress, MapLayer, ViewerScene
from healnet.exceptions import SlideError

if TYPE_CHECKING:
    from healnet.explain.prediction import PatchMap, SlideExplanation

TITLES = {
    "attention": "Where the model read from",
    "rollout": "Where the model read from",
    "gradient": "What raised or lowered the risk",
    "perturbation": "What raised or lowered the risk",
}
CONSTANT = "The model returned the same score everywhere. No map is shown."
METHODS = {
    "attention": "Attention",
    "rollout": "Attention rollout",
    "gradient": "Gradient",
    "perturbation": "Leave out",
}
_SIGNED_BY = {"gradient": "by gradient", "perturbation": "by leaving patches out"}


def make_scene(workspace: Workspace, case: CaseRecord, read: CaseReading) -> ViewerScene:
    """Return the scene of a case's first slide with the maps of its result.

    Raises:
        SlideError: If the case has no slide that can be shown.
        HealNetError: If the result belongs to another case.
    """
    if read.properties is None or not case.slides:
        raise SlideError("this case has no slide to show", code="SLIDE-NONE")
    slide = case.slides[0]
    explanation = _explanation(case, read)
    lattice = None if explanation is None else _lattice(explanation)
    maps: tuple[MapLayer, ...] = ()
    if explanation is not None and lattice is not None:
        maps = _layers(explanation, lattice, _models_apart(read))
    is_constant = bool(explanation) and not maps
    return ViewerScene(
        case_id=case.id,
        title=case.title,
        token=mint_token(slide.id),
        version=workspace.file_version(slide)[:16],
        width=read.properties.width,
        height=read.properties.height,
        levels=lay_pyramid(read.properties),
        mpp=read.properties.mpp,
        mpp_source=read.properties.mpp_source,
        objective=read.properties.objective,
        maps=maps,
        patches=None if lattice is None else lattice.table(_publish),
        model_label="" if read.bundle is None else read.bundle.name,
        banner=_banner(workspace, case),
        regions=read_regions(case.truth),
        analysis=_analysis(read),
        notice=CONSTANT if is_constant else "",
    )


def _banner(workspace: Workspace, case: CaseRecord) -> str:
    """Return the line that full screen and saved pictures carry as well."""
    chip = models.synthetic_chip(workspace, is_study=case.is_built_in)
    return f"{RESEARCH_ONLY} {chip}." if chip else RESEARCH_ONLY


def layer_id(one: "PatchMap") -> str:
    """Return a name of a map that is the same in every rerun."""
    layer = "all" if one.layer is None else str(one.layer)
    head = "mean" if one.head is None else str(one.head)
    member = "" if one.member is None else f"-m{one.member}"
    return f"{one.method}-{layer}-{head}{member}"


def subtitle_of(one: "PatchMap") -> str:
    """Return how a map was made, so that the sign reads as in the title.

    The label of a perturbation map names the change when a region is left out, which is the
    opposite of what the region did; its values are what the region did.
    """
    if one.method not in _SIGNED_BY:
        return one.label
    member = "" if one.member is None else f", model {one.member + 1}"
    return f"{_SIGNED_BY[one.method]}{_in_groups(one)}{member}"


def _in_groups(one: "PatchMap") -> str:
    """Return how many patches share one value, so that no patch is read alone that was not."""
    if one.num_regions is None or one.num_regions >= len(one.values):
        return ""
    many = len(one.values) / one.num_regions
    return f", in {one.num_regions} squares of {many:.0f} or so"


def _explanation(case: CaseRecord, read: CaseReading) -> "SlideExplanation | None":
    if read.prediction is None or not read.prediction.slides:
        return None
    check_owner(read.prediction, case.id)
    return read.prediction.slides[0]


def _lattice(explanation: "SlideExplanation") -> PatchLattice:
    features = explanation.features
    return lay_lattice(
        features.coords,
        patch_size=features.patch_size_l0,
        stride=None if features.grid is None else features.grid.stride_l0,
    )


def _models_apart(read: CaseReading) -> float | None:
    """Return how far the risks of the models lie apart; None for one model."""
    if read.prediction is None or len(read.prediction.member_risks) == 1:
        return None
    return read.prediction.risk_high - read.prediction.risk_low


def _layers(
    explanation: "SlideExplanation", lattice: PatchLattice, apart: float | None
) -> tuple[MapLayer, ...]:
    """Return the maps; none if every one is the same everywhere, which no slide deserves."""
    flat = [float(np.ptp(one.values)) == 0.0 for one in explanation.maps]
    if len(explanation.features) > 1 and all(flat):
        return ()
    return tuple(_layer(one, lattice, apart) for one in explanation.maps)


def _layer(one: "PatchMap", lattice: PatchLattice, apart: float | None) -> MapLayer:
    return MapLayer(
        id=layer_id(one),
        title=TITLES[one.method],
        subtitle=subtitle_of(one),
        method=one.method,
        method_label=METHODS[one.method],
        layer=one.layer,
        head=one.head,
        member=one.member,
        unit=one.unit,
        signed=one.signed,
        url=_publish(lattice.spread(one.values)),
        grid=lattice.grid,
        count=len(one.values),
        minimum=float(one.values.min()),
        maximum=float(one.values.max()),
        effective_share=None if one.signed else one.effective_share,
        models_apart=apart if one.signed else None,
    )


def _publish(values: NDArray[np.floating]) -> str:
    return map_url(publish_map(values))


def _analysis(read: CaseReading) -> AnalysisProgress | None:
    if read.job is None or not read.job.is_live:
        return None
    return AnalysisProgress(
        stage=STAGES.get(read.job.stage, "Starting"),
        done=read.job.done,
        total=read.job.total,
    )
