"""Which cases ship: those on which model and truth agree, each counted alike."""

from dataclasses import replace
from pathlib import Path

from healnet.explain.prediction import Prediction
from healnet.study.build import draw_study, is_held_out
from healnet.study.showcase import choose_showcases
from tests.explain.conftest import prediction, slide_explanation

__all__ = ["prediction", "slide_explanation"]


def test_truth_counts_as_much_as_the_model(prediction: Prediction) -> None:
    study = draw_study(Path("nowhere"), patients=120, seed=7)
    patients = sorted((p for p in study.patients if is_held_out(p)), key=lambda p: p.log_hazard)
    # the model orders them as the truth does, but takes the very lowest for the highest
    places = {p.case_id: place for place, p in enumerate(patients)}
    predictions = {
        case_id: replace(prediction, risk_percentile=50.0 * place / len(patients))
        for case_id, place in places.items()
    }
    shown = choose_showcases(study, predictions)
    lowest, highest = shown[1].patient, shown[0].patient

    fooled = {**predictions, lowest.case_id: replace(prediction, risk_percentile=100.0)}
    again = choose_showcases(study, fooled)

    assert lowest.log_hazard < highest.log_hazard
    assert again[0].patient == highest
