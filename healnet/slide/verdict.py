"""From what the probing process saw to a verdict: properties with warnings, or a refusal."""

import math
from collections.abc import Mapping
from typing import cast

from healnet.exceptions import Notice, SlideError
from healnet.slide.properties import Level, SlideProperties, is_plausible_mpp
from healnet.slide.sniff import ACCEPTED

_MAX_BAD_SHARE = 0.5
_OBJECTIVE_TIMES_MPP = 10.0  # a 20x objective gives about 0.5 um per pixel
_MPP_TOLERANCE = 1.6
_LARGE_SIDE_PX = 4_000
_MAX_ASPECT = 1.02


def properties_from(
    found: Mapping[str, object], name: str, notices: tuple[Notice, ...]
) -> SlideProperties:
    """Return the properties of a slide that may be used.

    Args:
        found: What :mod:`healnet.slide.probe_child` wrote.
        name: File name for messages.
        notices: Warnings from the header.

    Raises:
        SlideError: ``SLIDE-FORMAT`` or ``SLIDE-READ``.
    """
    if "refused" in found:
        raise _refusal(str(found["refused"]), name)
    levels = tuple(
        Level(**level)  # type: ignore[arg-type]
        for level in cast("list[dict[str, float]]", found["levels"])
    )
    declared, mpp_notices = _pixel_size(found, name)
    is_good = declared is not None and is_plausible_mpp(declared)
    is_mislabelled = bool(found.get("mislabelled_rgb"))
    warnings = (
        *notices,
        *_bad_tiles(found, name),
        *mpp_notices,
        *_other_notices(found, levels, name),
    )
    return SlideProperties(
        width=levels[0].width,
        height=levels[0].height,
        mpp=declared if is_good else None,
        mpp_source="file" if is_good else None,
        mpp_declared=declared,
        objective=_number(found.get("objective")),
        vendor=str(found.get("vendor", "")),
        levels=levels,
        is_mislabelled_rgb=is_mislabelled,
        has_exact_tiles=bool(found.get("exact_tiles")),
        reader="formats" if found.get("reader") == "formats" else "openslide",
        notices=warnings,
    )


def _refusal(reason: str, name: str) -> SlideError:
    if reason == "read":
        return SlideError(
            "its first pixels cannot be read",
            code="SLIDE-READ",
            where=name,
            why="the file is damaged or needs more memory than a slide should",
            fix="copy the file again from the scanner",
        )
    return SlideError(
        "not a slide format we read",
        code="SLIDE-FORMAT",
        where=name,
        why="the container is known, but not this variant of it",
        fix=f"these are read: {ACCEPTED}; others after pip install 'healnet-app[formats]'",
    )


def _bad_tiles(found: Mapping[str, object], name: str) -> tuple[Notice, ...]:
    bad = cast("list[tuple[int, int, int]]", found["bad"])
    checked = cast("list[int]", found["checked"])
    if not bad:
        return ()
    level, column, row = bad[0]
    where = f"{name}, level {level}, tile column {column}, row {row}"
    what = f"level {level} cannot be read everywhere (stopped at tile {column}, {row})"
    shares = [
        sum(place[0] == index for place in bad) / max(count, 1)
        for index, count in enumerate(checked)
    ]
    if max(shares[0], shares[-1]) > _MAX_BAD_SHARE:
        raise SlideError(
            what,
            code="SLIDE-READ",
            where=where,
            why="too little of it is readable; the copy may be incomplete",
            fix="copy the file again from the scanner",
        )
    return (
        Notice(
            code="SLIDE-BAD-TILES",
            what=f"{what}: {len(bad)} of {sum(checked)} tiles looked at are damaged",
            where=where,
            why="the copy may be incomplete; patches there are left out",
            fix="copy the file again from the scanner",
        ),
    )


def _pixel_size(
    found: Mapping[str, object], name: str
) -> tuple[float | None, tuple[Notice, ...]]:
    stated = [_number(value) for value in cast("list[object]", found["mpp"])]
    sides = [side for side in stated if side is not None]
    impossible = [side for side in sides if not is_plausible_mpp(side)]
    if not sides or impossible:
        return (impossible[0] if impossible else None), ()
    mpp = sum(sides) / len(sides)
    objective = _number(found.get("objective"))
    return mpp, (*_aspect(sides, name), *_against_objective(mpp, objective, name))


def _aspect(sides: list[float], name: str) -> tuple[Notice, ...]:
    if max(sides) / min(sides) <= _MAX_ASPECT:
        return ()
    return (
        Notice(
            code="SLIDE-PIXEL-ASPECT",
            what=f"pixels are {sides[0]:g} x {sides[-1]:g} um; the mean is used",
            where=name,
            why="distances are off by the difference",
        ),
    )


def _against_objective(mpp: float, objective: float | None, name: str) -> tuple[Notice, ...]:
    if objective is None or objective <= 0:
        return ()
    expected = _OBJECTIVE_TIMES_MPP / objective
    if max(mpp / expected, expected / mpp) <= _MPP_TOLERANCE:
        return ()
    return (
        Notice(
            code="SLIDE-MPP-OBJECTIVE",
            what=f"the file says {mpp:g} um per pixel and a {objective:g}x objective",
            where=name,
            why=f"{objective:g}x usually means about {expected:g} um per pixel",
            fix="check the scan, and give the pixel size by hand if it is wrong",
        ),
    )


def _other_notices(
    found: Mapping[str, object], levels: tuple[Level, ...], name: str
) -> tuple[Notice, ...]:
    notices = []
    if found.get("mislabelled_rgb"):
        notices.append(
            Notice(
                code="SLIDE-COLOUR-LABEL",
                what="the file calls its colours YCbCr, but they can only be RGB; read as RGB",
                where=name,
                why="shown as labelled, the tissue would be magenta and green",
                fix="export the slide again with the right colour label",
            )
        )
    identity = cast("list[str]", found.get("identity", []))
    if identity:
        notices.append(
            Notice(
                code="SLIDE-MAY-IDENTIFY",
                what=f"the file may identify a patient: fields {', '.join(identity[:8])}",
                where=name,
                why="they are never shown, logged or exported here, but they are in the file",
                fix="remove them before you pass the file on",
            )
        )
    if len(levels) == 1 and max(levels[0].width, levels[0].height) >= _LARGE_SIDE_PX:
        notices.append(
            Notice(
                code="SLIDE-NO-PYRAMID",
                what="no pyramid: zoomed-out views are computed",
                where=name,
                why="they appear more slowly",
                fix="convert the slide to a tiled pyramid",
            )
        )
    return tuple(notices)


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
