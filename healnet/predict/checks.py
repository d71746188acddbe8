"""What a reader must know before believing the number: checks of the case against the model."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import SLIDE
from healnet.exceptions import Notice
from healnet.omics.unlike_training import BY_SCALE
from healnet.predict.answers import Ensemble, Reading
from healnet.survival.risk_groups import GROUP_NAMES

_UNLIKE, _FAR = 0.95, 0.999


def check_prediction(
    bundle: ModelBundle,
    case: Case,
    readings: Sequence[Reading],
    ensemble: Ensemble,
) -> tuple[Notice, ...]:
    """Return every warning that must travel with the result, each once."""
    used = {name for one in readings for name in one.answer.modalities}
    given = ({SLIDE} if case.slides else set()) | set(case.tables)
    found = [
        *_case_notices(bundle, readings),
        *check_slides(bundle, case.slides),
        *_single_patch(case, used),
        *_rare(bundle, given),
        *_unread(readings, given & set(bundle.inputs.modalities), used),
        *_partly_read(readings, used),
        *_disagreement(bundle, ensemble),
        *_collapsed(bundle),
    ]
    return tuple(dict.fromkeys(found))


def _case_notices(bundle: ModelBundle, readings: Sequence[Reading]) -> list[Notice]:
    """Return what was noticed while reading, each once; members' gaps are said elsewhere.

    Each member measures a table in its own scale: what the first of them says stands for all.
    """
    taken = set(bundle.inputs.modalities)
    first: dict[object, Notice] = {}
    for one in readings:
        table = {said: name for name, fit in one.encoded.match.items() for said in fit.notices}
        for notice in one.encoded.notices:
            if notice.code == "CASE-UNUSED" and _names_any(notice, taken):
                continue
            is_measured = notice.code in BY_SCALE
            first.setdefault(
                (notice.code, table.get(notice)) if is_measured else notice, notice
            )
    return list(first.values())


def _names_any(notice: Notice, names: set[str]) -> bool:
    return any(f"does not take {name};" in notice.what for name in names)


def check_slides(bundle: ModelBundle, slides: Sequence[PatchFeatures]) -> tuple[Notice, ...]:
    """Return warnings about slides that are unlike the training slides."""
    if bundle.slide_domain is None:
        return ()
    found = []
    for slide in slides:
        mean = slide.features.astype(np.float32).mean(axis=0)
        share = bundle.slide_domain.share_nearer(mean)
        if _knows_drawn_slides_only(bundle) and not _is_of_the_study(bundle, slide):
            found.append(_not_of_the_study(slide, share))
        elif share is not None and share > _UNLIKE:
            found.append(_unlike(slide, share))
    return tuple(found)


def _knows_drawn_slides_only(bundle: ModelBundle) -> bool:
    """Return False for a synthetic model that was tuned on another cohort."""
    return bundle.is_synthetic and not bundle.card.get("start")


def _is_of_the_study(bundle: ModelBundle, slide: PatchFeatures) -> bool:
    sha256 = slide.slide_sha256 or slide.source_sha256
    shipped = cast("Sequence[str]", bundle.card.get("study_slides", ()))
    is_known = bundle.reference.fold_of_slide(sha256) is not None
    return sha256 in shipped or is_known or bool(bundle.trained_on.members_of(sha256))


def _not_of_the_study(slide: PatchFeatures, share: float | None) -> Notice:
    distance = ""
    if share is not None and share > _UNLIKE:
        distance = f"; its features are unlike {100 * share:.0f} % of the drawn slides"
    return Notice(
        code="SLIDE-NOT-SYNTHETIC",
        what="this slide is not one of the synthetic study that the model was trained on"
        + distance,
        where=slide.name,
        why="the model has only ever seen drawn tissue; a real slide is unlike it, and the "
        "risk says nothing about a real patient",
        fix="use it to try the program out; train a model on a real cohort for anything else",
    )


def _unlike(slide: PatchFeatures, share: float) -> Notice:
    far = "far " if share >= _FAR else ""
    return Notice(
        code="SLIDE-UNLIKE",
        what=f"the slide is {far}unlike {100 * share:.0f} % of the training slides",
        where=slide.name,
        why="another tissue, stain or scanner than those the model learned from",
        fix="check tissue, stain and scanner before reading the risk",
    )


def _single_patch(case: Case, used: set[str]) -> list[Notice]:
    """Return a warning if the slide is one patch and there is nothing else to read."""
    if used != {SLIDE} or sum(map(len, case.slides)) > 1:
        return []
    return [
        Notice(
            code="SLIDE-ONE-PATCH",
            what="the slide is a single patch and nothing else was read: there is no map of "
            "what leaving a region out does",
            where=case.slides[0].name,
            why="without the patch there is nothing to compare the risk with",
            fix="read the patch, or encode more of the slide",
        )
    ]


def _unread(readings: Sequence[Reading], given: set[str], used: set[str]) -> list[Notice]:
    """Return a warning for what the model takes, but no member that may answer has learned."""
    able = {name for one in readings for name in one.encoded.match} | used
    return [
        Notice(
            code="MODALITY-UNREAD",
            what=f"{name} was not read: no model that may answer for this patient has seen "
            f"{name} in training",
            where=name,
            why="weights that were never trained would answer at random",
            fix="train on more patients who have it",
        )
        for name in sorted(given - able)
    ]


def _rare(bundle: ModelBundle, given: set[str]) -> list[Notice]:
    stored = cast("Sequence[Mapping[str, str]]", bundle.card.get("notices", ()))
    return [
        Notice(**notice)
        for notice in stored
        if notice.get("code") == "MODALITY-RARE" and notice.get("where") in given
    ]


def _partly_read(readings: Sequence[Reading], used: set[str]) -> list[Notice]:
    found = []
    for name in sorted(used):
        able = sum(name in one.answer.modalities for one in readings)
        if able < len(readings):
            found.append(
                Notice(
                    code="MODALITY-PARTLY-READ",
                    what=f"{able} of {len(readings)} models read {name}; the others never saw "
                    "it in training",
                    where=name,
                    why="the models answer from different inputs, so their range is wider",
                )
            )
    return found


def _disagreement(bundle: ModelBundle, ensemble: Ensemble) -> list[Notice]:
    named = {bundle.groups.assign(value) for value in ensemble.percentiles.values()}
    if not {"lower", "higher"} <= named:
        return []
    counts = [
        sum(bundle.groups.assign(value) == group for value in ensemble.percentiles.values())
        for group in GROUP_NAMES
    ]
    listed = ", ".join(
        f"{count} {group}" for count, group in zip(counts, GROUP_NAMES, strict=True)
    )
    return [
        Notice(
            code="MODELS-DISAGREE",
            what=f"the models put this case into opposite groups ({listed})",
            why="the group of their mean hides that they do not agree",
            fix="read the range, not the group",
        )
    ]


def _collapsed(bundle: ModelBundle) -> list[Notice]:
    stored = cast("Sequence[Mapping[str, str]]", bundle.card.get("notices", ()))
    return [Notice(**one) for one in stored if one.get("code") == "MODEL-COLLAPSED"]
