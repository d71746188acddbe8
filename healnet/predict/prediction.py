"""A case under a model: risk, range, place in the reference cohort, reasons and warnings."""

import hashlib
import json
import math
import numbers
from collections.abc import Mapping

import numpy as np
import pandas as pd

from healnet.bundle.horizon import headline_months
from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.input_spec import SLIDE
from healnet.explain.prediction import InputHash, Prediction
from healnet.predict.answers import combine, modalities_read, read_case, subset_risks
from healnet.predict.checks import check_prediction
from healnet.predict.explanation import explain_inputs, explain_slides
from healnet.predict.members import choose_members


def predict_case(
    bundle: ModelBundle, case: Case, *, explain: bool = True, allow_seen: bool = False
) -> Prediction:
    """Return the prediction of one case.

    Nothing is kept between calls: the same case and model give the same bits, whatever was
    predicted before.

    Args:
        bundle: The model.
        case: The patient.
        explain: Also make the maps and attributions.
        allow_seen: Also use members that were trained on this patient; the result says so.

    Raises:
        ModalityError: ``MODEL-NO-INPUT`` if the model can read nothing of the case.
        FeatureError: If features are of another encoder or scale.
        TableError: If a table does not fit the model's, too little of it is measured, or a
            clinical value cannot be.
    """
    chosen = choose_members(bundle, case, allow_seen=allow_seen)
    readings = read_case(bundle, case, chosen.numbers)
    used = modalities_read(bundle, readings)
    ensemble = combine(bundle, {one.number: one.answer for one in readings})
    attributions, delta = explain_inputs(bundle, case, readings) if explain else ((), {})
    return Prediction(
        case_id=case.case_id,
        model_id=bundle.name,
        model_sha256=bundle.sha256,
        inputs=_hashes(case, used),
        modalities_used=used,
        risk=ensemble.risk,
        risk_low=ensemble.low,
        risk_high=ensemble.high,
        member_risks=ensemble.risks,
        risk_percentile=ensemble.percentile,
        member_percentiles=ensemble.percentiles,
        risk_group=bundle.groups.assign(ensemble.percentile),
        hazards=ensemble.hazards,
        survival=ensemble.survival,
        survival_low=ensemble.survival_low,
        survival_high=ensemble.survival_high,
        bins=bundle.time_bins,
        subsets=subset_risks(bundle, readings, used),
        warnings=(*chosen.notices, *check_prediction(bundle, case, readings, ensemble)),
        slides=explain_slides(bundle, case, readings) if explain else (),
        attributions=attributions,
        convergence_delta=delta,
        unseen=not chosen.is_known,
        notes=chosen.notes,
        is_synthetic=bundle.is_synthetic,
        headline_months=headline_months(bundle),
        reference_patients=len(bundle.reference),
    )


def _hashes(case: Case, used: tuple[str, ...]) -> tuple[InputHash, ...]:
    found = []
    if SLIDE in used:
        for slide in case.slides:
            found.append(InputHash(role="features", sha256=slide.source_sha256))
            if slide.slide_sha256 is not None:
                found.append(InputHash(role=SLIDE, sha256=slide.slide_sha256))
    found += [
        InputHash(role=name, sha256=hash_row(case.tables[name]))
        for name in used
        if name in case.tables
    ]
    return tuple(found)


def hash_row(row: Mapping[str, object]) -> str:
    """Return the SHA-256 of a table row: its names and values, in the order of the names.

    The same number gives the same hash whichever type holds it.
    """
    values = {str(name): _plain(value) for name, value in row.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> str | None:
    """Return a cell as text: numbers bit for bit, None for whatever means missing."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, numbers.Real | np.bool_):
        number = float(value)
        return None if math.isnan(number) else number.hex()
    return str(value)
