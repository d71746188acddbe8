"""The slides of a patient as one bag of tokens, checked against what the model takes.

Axis names: n patch, d feature.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import SlideSpec
from healnet.data.token_arrays import TokenArrays
from healnet.exceptions import FeatureError, Notice
from healnet.slide.geometry import l0_to_um

# Patch side against that of training: a notice beyond the first, a refusal beyond the second.
NOTICE_RATIO = 1.05
REFUSE_RATIO = 1.5


def slide_bag(
    slides: Sequence[PatchFeatures], spec: SlideSpec
) -> tuple[TokenArrays, tuple[Notice, ...]]:
    """Return all patches of a patient's slides as one bag, and what must be said about it.

    Raises:
        FeatureError: ``FEATURES-ENCODER`` for another encoder, ``FEATURES-MPP`` without pixel
            size, ``FEATURES-SCALE`` for patches of another size, ``FEATURES-VALUES`` for NaN.
    """
    notices = [notice for slide in slides for notice in _checked(slide, spec)]
    index = np.repeat(np.arange(len(slides)), [len(slide) for slide in slides])
    bag = TokenArrays(
        values=np.concatenate([slide.features for slide in slides]),
        coords=np.concatenate([centres_um(slide) for slide in slides]),
        slide_index=index.astype(np.int64),
    )
    return bag, tuple(notices)


def centres_um(slide: PatchFeatures) -> Float32[ndarray, "n 2"]:
    """Return the centre (x, y) of every patch in micrometres from the slide's corner.

    Raises:
        FeatureError: ``FEATURES-MPP`` if the pixel size is unknown.
    """
    if slide.mpp is None:
        raise FeatureError(
            "the pixel size of the slide is unknown",
            code="FEATURES-MPP",
            where=slide.name,
            why="the place of a patch in micrometres cannot be told",
            fix="give the slide's micrometres per pixel (--slide-mpp)",
        )
    centres = l0_to_um(slide.coords, mpp=slide.mpp, size_l0=slide.patch_size_l0)
    return centres.astype(np.float32)


def _checked(slide: PatchFeatures, spec: SlideSpec) -> tuple[Notice, ...]:
    _check_values(slide)
    return (*slide.notices, *_check_encoder(slide, spec), *_check_scale(slide, spec))


def _check_values(slide: PatchFeatures) -> None:
    bad = ~np.isfinite(slide.features).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise FeatureError(
            f"{int(bad.sum()):,} of {len(bad):,} patches have features that are not finite",
            code="FEATURES-VALUES",
            where=f"{slide.name}, first patch {first} at {slide.coords[first].tolist()}",
            fix="encode the slide again",
        )


def _check_encoder(slide: PatchFeatures, spec: SlideSpec) -> tuple[Notice, ...]:
    wanted = spec.encoder
    given = "an unknown encoder" if slide.encoder is None else slide.encoder.name
    is_other = slide.encoder is not None and slide.encoder.digest != wanted.digest
    if slide.dim != wanted.dim or is_other:
        raise FeatureError(
            f"features of {given}, {slide.dim} wide; the model needs {wanted.dim} from "
            f"{wanted.name}",
            code="FEATURES-ENCODER",
            where=slide.name,
            why="numbers of another encoder mean something else",
            fix=f"encode the slide with {wanted.name}",
        )
    if slide.encoder is not None:
        return ()
    return (
        Notice(
            code="FEATURES-UNNAMED",
            what="the feature file does not say which encoder made it",
            where=slide.name,
            why="only the width of its features could be checked against the model",
            fix="make sure that the encoder of the training slides made it",
        ),
    )


def _check_scale(slide: PatchFeatures, spec: SlideSpec) -> tuple[Notice, ...]:
    if slide.patch_um is None:
        return ()  # refused where the coordinates are made
    side = slide.patch_um / spec.patch_um
    what = (
        f"patches are {slide.patch_um:.1f} um wide; the model learned from {spec.patch_um:.1f}"
    )
    apart = max(side, 1 / side)
    if slide.patch_px is not None:
        mpp = slide.patch_um / slide.patch_px
        detail = max(mpp / spec.mpp, spec.mpp / mpp)
        if detail > apart:
            what = f"patches have {mpp:g} um per pixel; the model learned from {spec.mpp:g}"
        apart = max(apart, detail)
    if apart <= NOTICE_RATIO:
        return ()
    why = "nuclei look larger or smaller than in training"
    fix = (
        f"encode the slide at {spec.mpp:g} um per pixel with patches of {spec.patch_px} pixels"
    )
    if apart > REFUSE_RATIO:
        raise FeatureError(what, code="FEATURES-SCALE", where=slide.name, why=why, fix=fix)
    return (Notice(code="FEATURES-SCALE", what=what, where=slide.name, why=why, fix=fix),)
