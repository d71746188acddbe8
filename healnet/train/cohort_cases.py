"""The patients of a cohort in memory: read once, shared by all folds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import SLIDE, SlideSpec
from healnet.data.leakage import check_shared_content
from healnet.data.slide_bag import slide_bag
from healnet.data.token_arrays import TokenArrays
from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import Notice, TrainingError

_UNNAMED_PX = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortCases:
    """Patients who have anything to read.

    Attributes:
        cohort: The whole cohort, with outcomes and tables.
        cases: By case id; patients with neither slide nor table row are left out.
        bags: By case id, the patches of those who have slides.
        slide: How the slides were encoded; None without any slide.
        notices: What was noticed.
    """

    cohort: Cohort
    cases: Mapping[str, Case]
    bags: Mapping[str, TokenArrays]
    slide: SlideSpec | None
    notices: tuple[Notice, ...]

    def modalities_of(self, case_ids: tuple[str, ...]) -> frozenset[str]:
        """Return the modalities that at least one of these patients has."""
        names = set()
        for case_id in case_ids:
            case = self.cases[case_id]
            names |= set(case.tables) | ({SLIDE} if case.slides else set())
        return frozenset(names)

    def counts(self) -> dict[str, int]:
        """Return the number of patients who have each modality."""
        names = [name for one in self.cases for name in self.modalities_of((one,))]
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def mean_features(self) -> Float32[ndarray, "n d"]:
        """Return the mean feature vector of every slide, in the order of the patients."""
        means = [
            slide.features.astype(np.float32).mean(axis=0)
            for case in self.cases.values()
            for slide in case.slides
        ]
        return np.stack(means).astype(np.float32)

    @property
    def digest(self) -> str:
        """Return a hash of everything a training run depends on."""
        parts = [
            (case_id, patient.time_months, patient.event, _case_digest(self.cases[case_id]))
            for case_id, patient in zip(self.cohort.case_ids, self.cohort.patients, strict=True)
            if case_id in self.cases
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def load_cases(cohort: Cohort) -> CohortCases:
    """Return the patients of a cohort with their features read.

    Raises:
        TrainingError: ``TRAIN-NO-INPUT`` if nobody has anything to read;
            ``TRAIN-NOT-ENCODED`` if slides are named that nobody encoded.
        FeatureError: If slides were encoded by different encoders or at different scales.
        CohortError: ``COHORT-SHARED-SLIDE`` if two patients have the same slide.
    """
    refuse_unencoded(cohort)
    every = {case_id: cohort.case(case_id) for case_id in cohort.case_ids}
    check_shared_content(every.values(), cohort.name)
    cases = {name: case for name, case in every.items() if case.slides or case.tables}
    if not cases:
        raise TrainingError(
            "no patient has a slide or a table row",
            code="TRAIN-NO-INPUT",
            where=cohort.name,
            fix="name tables with --omics NAME=FILE, or give a column features",
        )
    notices = list(cohort.notices)
    if len(cases) < len(every):
        what = f"{len(every) - len(cases)} patients have neither slide nor table row: left out"
        notices.append(Notice(code="TRAIN-NO-INPUT", what=what, where=cohort.name))
    slides = [slide for case in cases.values() for slide in case.slides]
    spec = describe_slides(slides) if slides else None
    bags = {}
    for case_id, case in cases.items():
        if spec is not None and case.slides:
            bags[case_id], said = slide_bag(case.slides, spec)
            notices += said
    return CohortCases(
        cohort=cohort, cases=cases, bags=bags, slide=spec, notices=tuple(dict.fromkeys(notices))
    )


def refuse_unencoded(cohort: Cohort) -> None:
    """Refuse slides without features: without them it would look as if they had been read.

    Raises:
        TrainingError: ``TRAIN-NOT-ENCODED``.
    """
    bare = [one for one in cohort.patients if one.slides and not one.features]
    if bare:
        names = ", ".join(path.name for path in bare[0].slides[:3])
        raise TrainingError(
            f"{len(bare)} patients have slides that were not encoded, e.g. {names}",
            code="TRAIN-NOT-ENCODED",
            where=cohort.name,
            why="they would be left out without a word",
            fix="run 'healnet encode SLIDE... --out DIR' and name the .h5 files in a column "
            "features",
        )


def describe_slides(slides: list[PatchFeatures]) -> SlideSpec:
    """Return how slides were encoded, as told by the first one that says so.

    Features that do not name their encoder get a card that says exactly this: its name holds
    only their width, and its licence and source are unknown.
    """
    first = next((one for one in slides if one.encoder is not None), slides[0])
    patch_px = first.patch_px or _UNNAMED_PX
    patch_um = first.patch_um
    if first.encoder is not None:
        mpp = patch_um / patch_px if patch_um else first.encoder.mpp
        return SlideSpec(encoder=first.encoder, mpp=mpp, patch_px=patch_px)
    mpp = patch_um / patch_px if patch_um else 1.0
    card = EncoderCard(
        name=f"unnamed-{first.dim}",
        dim=first.dim,
        patch_px=patch_px,
        mpp=mpp,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        dtype=str(first.features.dtype),
        licence="unknown",
        source="feature files that do not name their encoder",
    )
    return SlideSpec(encoder=card, mpp=mpp, patch_px=patch_px)


def _case_digest(case: Case) -> list[object]:
    slides = [slide.source_sha256 for slide in case.slides]
    rows = {name: [str(value) for value in row.values()] for name, row in case.tables.items()}
    return [slides, rows]
