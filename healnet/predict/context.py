"""What a report says beside the result: the cohort, the day, the pixel sizes."""

from datetime import UTC, datetime

from healnet.bundle.model_bundle import ModelBundle
from healnet.explain.prediction import Prediction
from healnet.explain.reference_curves import reference_curves
from healnet.explain.report_context import ReportContext, pixel_sizes


def report_context(
    bundle: ModelBundle, prediction: Prediction, *, title: str = ""
) -> ReportContext:
    """Return the context of a prediction that is written today.

    Args:
        bundle: The model that made it.
        prediction: The result.
        title: How the user calls the case; its id if empty.
    """
    known = bundle.reference
    return ReportContext(
        title=title or prediction.case_id,
        written=datetime.now(UTC).date(),
        cohort=bundle.cohort_name,
        endpoint=bundle.endpoint,
        curves=reference_curves(known.time_months, known.event, known.group),
        um_per_pixel=pixel_sizes(prediction),
    )
