"""What a report says in words of its numbers and their origin, once for every form of it."""

from collections.abc import Mapping
from typing import cast

from healnet.explain.charts.kaplan_meier import PatientCurve, SurvivalScene, draw_survival
from healnet.explain.charts.styles import GROUP_BY_NAME, in_a_page
from healnet.explain.prediction import UNLIKE
from healnet.explain.prediction_files import PredictionFiles

SUBSETS = (
    "These percentiles do not add up to that of all inputs together, nor is that one their "
    "mean: each row is a reading of its own with the other inputs absent, ranked among "
    "reference patients who were read with everything they have. A percentile is the mean of "
    "the ranks within each model, a risk the mean of their risks, so the two may order rows "
    "differently."
)
OUT_OF_SCOPE = "Out of scope: this slide is unlike those that the model has learned from."
NEARLY_ALL = 0.99  # effective share that is not said as "100 %", which would sound like a count
NEARLY_UNIFORM = 0.8  # effective share of the patches beyond which attention says nothing


def case_name(files: PredictionFiles) -> str:
    """Return what the user calls the case; its id where that is all that is known."""
    id_ = str(files.result["case_id"])
    return id_ if files.context is None else files.context.title.strip() or id_


def heading(files: PredictionFiles) -> str:
    """Return the first line: the user's title as it is, or that this is the case of an id."""
    name = case_name(files)
    return f"Case {name}" if name == files.result["case_id"] else name


def scope(files: PredictionFiles) -> str:
    """Return what stands above the headline of a case that the model was not made for."""
    warnings = cast("list[Mapping[str, str]]", files.result["warnings"])
    return OUT_OF_SCOPE if any(one["code"] in UNLIKE for one in warnings) else ""


def spread_words(share: float) -> str:
    """Return over how much of a slide the reading is spread, and what that means."""
    if share <= NEARLY_UNIFORM:
        return f"Spread over {100 * share:.0f} % of the patches."
    part = "more than 99" if share > NEARLY_ALL else f"{100 * share:.0f}"
    return f"Spread over {part} % of the patches: nearly uniform, it says little about place."


def origin(files: PredictionFiles) -> list[tuple[str, str]]:
    """Return when the prediction was written, whom it compares with, and the id of the case."""
    id_ = str(files.result["case_id"])
    rows = [
        ("Prediction written", f"{files.written.day} {files.written:%B %Y} (UTC)"),
        ("Reference cohort", cohort_words(files)),
    ]
    return rows if case_name(files) == id_ else [*rows, ("Id in the program", id_)]


def cohort_words(files: PredictionFiles) -> str:
    """Return the name of the reference cohort and how many patients it has."""
    context = files.context
    if context is None:
        patients = cast("dict[str, int]", files.result["headline"])["reference_patients"]
        model = cast("Mapping[str, str]", files.result["model"])["id"]
        return f"training patients of the model {model}, N = {patients}"
    curves = context.curves
    counted = f"N = {curves.patients}, {curves.events} events, {context.endpoint}"
    return f"{context.cohort}, {counted}"


def risk_words(files: PredictionFiles) -> str:
    """Return what the risk is; see ``healnet.survival.hazards.risk_from_logits``."""
    survival = cast("list[dict[str, float]]", files.result["survival"])
    return (
        "Risk has no unit. It is minus the sum of the survival probabilities at the ends of "
        f"the model's {len(survival)} time bins (the mean over the models), so it lies between "
        f"-{len(survival)} and 0, and higher means an earlier event. Here it is "
        f"{cast('float', files.result['risk']):.3f}; contributions are differences of it."
    )


def reference_chart(files: PredictionFiles) -> str | None:
    """Return the curves of the reference groups with the patient's, as SVG; None without."""
    context = files.context
    if context is None:
        return None
    points = cast("list[dict[str, float]]", files.result["survival"])
    scene = SurvivalScene(
        groups=context.curves.groups,
        patient=PatientCurve.from_points(points),
        last_month=context.curves.last_month,
        reliable_until=context.curves.reliable_until,
        endpoint=context.endpoint,
    )
    return draw_survival(scene, style=in_a_page())


def reference_words(files: PredictionFiles) -> str:
    """Return the legend of that chart; empty without one."""
    context = files.context
    if context is None:
        return ""
    sizes = ", ".join(
        f"{GROUP_BY_NAME[group.name].label} N = {group.size}" for group in context.curves.groups
    )
    return (
        f"Kaplan-Meier curves of the reference cohort ({cohort_words(files)}), with 95 % "
        f"confidence bands: {sizes}. Each patient was put into a group by a model that had not "
        "seen them. Dotted: what the model predicts for this patient, which is no observed "
        "curve. Below: patients still at risk. In some group fewer than 10 are after "
        f"{context.curves.reliable_until:.0f} months (shaded)."
    )
