"""The maps of the slides and the attributions of the tables, averaged over the members."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import SLIDE
from healnet.explain.input_attribution import attribute_inputs
from healnet.explain.integrated_gradients import Attributions
from healnet.explain.patch_maps import MOST_REGIONS, Explained, map_patches
from healnet.explain.prediction import FeatureAttribution, PatchMap, SlideExplanation
from healnet.explain.regions import group_patches
from healnet.model.gradients import Score
from healnet.omics.table_schema import TableSchema
from healnet.predict.answers import Reading

_YES_NO = 2  # so many different values have no percentile that means anything


def explain_slides(
    bundle: ModelBundle, case: Case, readings: Sequence[Reading]
) -> tuple[SlideExplanation, ...]:
    """Return the maps of every slide, by the members that read slides.

    Maps in risk units are shares of the mean risk of all members, so members that read no slide
    add 0 to them; attention is that of the members that have any. Slides of one name are told
    apart by a number.
    """
    able = [one for one in readings if SLIDE in one.answer.modalities]
    if not able:
        return ()
    domain = bundle.slide_domain
    region = _regions(case.slides)
    maps = map_patches(
        [_explained(bundle, one) for one in able],
        modality=SLIDE,
        region=torch.from_numpy(region),
        baseline=None if domain is None else torch.from_numpy(domain.mean),
    )
    share = len(able) / len(readings)
    maps = tuple(replace(one, values=one.values * share) if one.signed else one for one in maps)
    ends = np.cumsum([len(slide) for slide in case.slides])
    found = []
    for slide, end in zip(_told_apart(case.slides), ends.tolist(), strict=True):
        part = slice(end - len(slide), end)
        cut = tuple(_cut(one, part, region) for one in maps)
        found.append(SlideExplanation(features=slide, maps=cut))
    return tuple(found)


def _cut(one: PatchMap, part: slice, region: Int64[ndarray, " n"]) -> PatchMap:
    """Return the part of a map that lies on one slide."""
    by_region = one.method == "perturbation"
    return replace(
        one,
        values=one.values[part],
        num_regions=len(np.unique(region[part])) if by_region else None,
    )


def explain_inputs(
    bundle: ModelBundle, case: Case, readings: Sequence[Reading]
) -> tuple[tuple[FeatureAttribution, ...], dict[str, float]]:
    """Return the attribution of every observed feature, strongest first, and the deltas.

    The slides of a case are one feature among them. All inputs share one path from the average
    training patient, so they share one delta. The risk is the mean of all members, so a member
    that did not read an input adds 0 to its mean. Without a table there is nothing to compare.
    """
    if not any(set(one.answer.modalities) - {SLIDE} for one in readings):
        return (), {}
    found = [_attributions(bundle, one) for one in readings]
    delta = float(sum(one.delta for one in found) / len(readings))
    names = [
        name
        for name in (SLIDE, *bundle.inputs.tables)
        if any(name in f.by_input for f in found)
    ]
    features: list[FeatureAttribution] = []
    for name in names:
        parts = [one.by_input[name][0, :, 0].numpy() for one in found if name in one.by_input]
        moved = np.sum(parts, axis=0) / len(readings)
        features += (
            [_whole_slide(case, float(moved[0]))]
            if name == SLIDE
            else _features(bundle, case, name, moved)
        )
    features.sort(key=lambda one: (-abs(one.attribution), one.modality, one.feature))
    return tuple(features), dict.fromkeys(names, delta)


def _attributions(bundle: ModelBundle, one: Reading) -> Attributions:
    domain = bundle.slide_domain
    return attribute_inputs(
        bundle.ensemble[one.number].network,
        one.tokens,
        score=_score(bundle, one.number),
        bag_means={} if domain is None else {SLIDE: torch.from_numpy(domain.mean)},
    )


def _whole_slide(case: Case, attribution: float) -> FeatureAttribution:
    """Return what all patches together did; the maps say which of them."""
    return FeatureAttribution(
        modality=SLIDE,
        feature="all patches",
        value=float(sum(len(slide) for slide in case.slides)),
        cohort_percentile=None,
        attribution=attribution,
    )


def _told_apart(slides: Sequence[PatchFeatures]) -> list[PatchFeatures]:
    """Return the slides under names that differ: files tell slides apart by name alone."""
    taken = {slide.name for slide in slides}
    used: set[str] = set()
    found = []
    for slide in slides:
        name, number = slide.name, 1
        while name in used or (number > 1 and name in taken):
            number += 1
            name = f"{slide.name} ({number})"
        used.add(name)
        found.append(replace(slide, name=name))
    return found


def _explained(bundle: ModelBundle, one: Reading) -> Explained:
    network = bundle.ensemble[one.number].network
    return Explained(one.number, network, one.tokens, _score(bundle, one.number))


def _score(bundle: ModelBundle, member: int) -> Score:
    return lambda logits: bundle.risk(logits, member=member)


def _regions(slides: Sequence[PatchFeatures]) -> Int64[ndarray, " n"]:
    """Return the region number of every patch of a case; no region spans two slides."""
    most = max(MOST_REGIONS // len(slides), 1)
    parts, first = [], 0
    for slide in slides:
        part = group_patches(slide.coords, patch_size=slide.patch_size_l0, most=most)
        parts.append(part + first)
        first += int(part.max()) + 1
    return np.concatenate(parts)


def _features(
    bundle: ModelBundle, case: Case, name: str, moved: Float64[ndarray, " p"]
) -> list[FeatureAttribution]:
    schema = bundle.inputs.tables[name]
    given = _given_values(schema, case.tables[name])
    quantiles = bundle.quantiles.get(name)
    found = []
    for index, feature in enumerate(schema.features):
        value = given.get(feature.column)
        if value is None or not feature.is_usable:
            continue
        rank = None
        if (
            quantiles is not None
            and isinstance(value, float)
            and feature.kind != "category"
            and len(np.unique(quantiles[index])) > _YES_NO
        ):
            rank = _percentile(value, quantiles[index])
        found.append(
            FeatureAttribution(
                modality=name,
                feature=feature.name,
                value=value,
                cohort_percentile=rank,
                attribution=float(moved[index]),
            )
        )
    return found


def _given_values(schema: TableSchema, row: Mapping[str, object]) -> dict[str, float | str]:
    """Return the patient's values by the names of the schema; missing ones are left out."""
    match = schema.match(tuple(map(str, row)))
    found: dict[str, float | str] = {}
    for column, source in zip(schema.columns, match.sources, strict=True):
        value = None if source is None else row[source]
        if value is None:
            continue
        if isinstance(value, str):
            found[column] = value
        elif math.isfinite(float(value)):  # type: ignore[arg-type]
            found[column] = float(value)  # type: ignore[arg-type]
    return found


def _percentile(value: float, quantiles: Float32[ndarray, " q"]) -> float:
    """Return the mid-rank of a value among evenly spaced quantiles, 0 to 100.

    The quantiles are stored in single precision, so the value is rounded to it, too: otherwise
    one that many patients share would stand beside its own ties.
    """
    last = len(quantiles) - 1
    value = float(np.float32(value))
    below = np.searchsorted(quantiles, value, side="left")
    upto = np.searchsorted(quantiles, value, side="right")
    if below != upto:
        return float(100 * (below + upto - 1) / 2 / last)
    if below in (0, len(quantiles)):
        return 0.0 if below == 0 else 100.0
    low, high = float(quantiles[below - 1]), float(quantiles[below])
    return float(100 * (below - 1 + (value - low) / (high - low)) / last)
