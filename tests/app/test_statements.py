"""The words of a result come from its numbers alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from app.cohort_view import GroupSummary, view_cohort
from app.model_facts import Concordance
from app.statements import (
    HeadlineWords,
    c_words,
    headline,
    horizon_survival,
    interpolation_words,
    median_words,
    p_words,
    spelled,
)
from healnet.bundle.reference import Reference, within_fold_percentiles
from healnet.survival.kaplan_meier import Median
from healnet.survival.risk_groups import RiskGroups
from healnet.survival.time_bins import TimeBins

NUM_PATIENTS = 120


def make_reference(*, groups: tuple[float, float] = (33.0, 67.0)) -> Reference:
    rng = np.random.default_rng(3)
    risk = rng.normal(size=NUM_PATIENTS)
    fold = np.arange(NUM_PATIENTS) % 3
    times = np.clip(rng.exponential(60 * np.exp(-0.7 * risk)), 0.5, 90.0)
    percentile = within_fold_percentiles(risk, fold)
    cuts = RiskGroups(cut_low=groups[0], cut_high=groups[1])
    return Reference(
        risk=risk,
        percentile=percentile,
        fold=fold.astype(np.int64),
        time_months=times,
        event=rng.random(NUM_PATIENTS) < 0.6,
        group=tuple(cuts.assign(float(value)) for value in percentile),
        case_hash=tuple(f"{number:x}" for number in range(NUM_PATIENTS)),
        slide_hashes=("",) * NUM_PATIENTS,
        salt="00",
    )


@dataclass(frozen=True)
class Card:
    """As much of a model as the words need."""

    time_bins: TimeBins
    cohort_name: str = "study of tests"
    endpoint: str = "overall survival"


@dataclass(frozen=True)
class Estimate:
    """As much of a prediction as the words need."""

    risk_group: str
    risk_percentile: float
    survival: np.ndarray
    survival_low: np.ndarray
    survival_high: np.ndarray
    member_risks: dict[int, float]
    member_percentiles: dict[int, float]
    headline_months: float = 36.0


CARD = Card(
    time_bins=TimeBins(inner_months=(12.0, 24.0, 36.0), horizon_months=90.0),
)


def make_estimate(*, num_models: int = 5) -> Estimate:
    return Estimate(
        risk_group="higher",
        risk_percentile=81.6,
        survival=np.array([0.9, 0.7, 0.6, 0.3]),
        survival_low=np.array([0.8, 0.6, 0.5, 0.2]),
        survival_high=np.array([0.95, 0.8, 0.7, 0.5]),
        member_risks=dict.fromkeys(range(num_models), 0.0),
        member_percentiles=dict(enumerate([61.0, 93.0, 70.0, 80.0, 75.0][:num_models])),
    )


def test_the_headline_says_group_place_survival_range_and_reference() -> None:
    cohort = view_cohort(make_reference())

    words = headline(make_estimate(), CARD, cohort)  # type: ignore[arg-type]

    assert words.sentence == (
        "Higher-risk group, 82nd percentile of 120 reference patients (study of tests, "
        "held-out folds). Estimated 3-year overall survival 60 of 100 "
        "(range across five models 50\u201370, percentiles 61st to 93rd)."
    )


def test_the_dot_of_the_chart_is_the_number_of_the_headline() -> None:
    cohort = view_cohort(make_reference())
    bins = TimeBins(inner_months=(12.0, 24.0, 30.0), horizon_months=90.0)
    bundle = Card(time_bins=bins)

    found = horizon_survival(make_estimate(), bundle)  # type: ignore[arg-type]
    sentence = headline(make_estimate(), bundle, cohort).sentence  # type: ignore[arg-type]

    assert (found.months, found.before, found.after) == (36.0, 30.0, 90.0)
    assert found.survival == pytest.approx(0.6 * (0.3 / 0.6) ** 0.1)
    assert f"survival {found.of_hundred} of 100" in sentence
    assert "between the model's time points at 30 and 90 months" in interpolation_words(found)


@pytest.mark.parametrize("edge", [36.0, 35.99])
def test_a_horizon_on_a_time_point_is_not_called_interpolated(edge: float) -> None:
    bins = TimeBins(inner_months=(12.0, 24.0, edge), horizon_months=90.0)
    bundle = Card(time_bins=bins)

    found = horizon_survival(make_estimate(), bundle)  # type: ignore[arg-type]

    assert found.survival == pytest.approx(0.6, abs=1e-3)
    assert (found.before, found.after) == (edge, edge)
    assert "between the" not in interpolation_words(found)


def test_one_model_says_that_there_is_no_range() -> None:
    words = headline(
        make_estimate(num_models=1),  # type: ignore[arg-type]
        CARD,  # type: ignore[arg-type]
        view_cohort(make_reference()),
    )

    assert words.range == "one model, which did not see this patient"


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (0.0004, "log-rank p < 0.001"),
        (0.0123, "log-rank p = 0.012"),
        (0.2, "log-rank p = 0.2"),
        (None, "log-rank p not shown (the reason)"),
    ],
)
def test_p_values_have_two_figures_or_a_reason(p_value: float | None, words: str) -> None:
    assert p_words(p_value, "the reason") == words


def test_the_p_value_is_hidden_when_a_group_has_nine_patients() -> None:
    enough = view_cohort(make_reference())
    too_few = view_cohort(make_reference(groups=(7.0, 67.0)))

    assert (enough.p_value is not None, enough.p_missing) == (True, "")
    assert min(group.size for group in too_few.groups) <= 9
    assert (too_few.p_value, too_few.p_missing) == (
        None,
        "a group has fewer than 10 patients",
    )


def test_a_p_value_that_does_not_exist_is_not_blamed_on_small_groups() -> None:
    whole = make_reference()
    names = np.array(whole.group)
    apart = {"lower": 1.0, "intermediate": 2.0, "higher": 3.0}
    times = np.array([apart[name] for name in names])  # all of a group leave before the next

    cohort = view_cohort(
        replace(whole, time_months=times, event=names == "none", group=tuple(names))
    )

    assert min(group.size for group in cohort.groups) >= 10
    assert cohort.p_value is None
    assert "cannot be compared" in cohort.p_missing


def test_groups_of_the_cohort_add_up() -> None:
    reference = make_reference()

    cohort = view_cohort(reference)

    assert sum(group.size for group in cohort.groups) == cohort.num_patients == NUM_PATIENTS
    assert sum(group.num_events for group in cohort.groups) == int(reference.event.sum())
    for group in cohort.groups:
        for at_risk, events, censored in group.curve.table.values():
            assert at_risk + events + censored == group.size
        assert np.isfinite(group.curve.lower).all()
        assert (group.curve.lower <= group.curve.survival + 1e-12).all()
        assert (group.curve.upper >= group.curve.survival - 1e-12).all()


@pytest.mark.parametrize(
    ("median", "words"),
    [
        (Median(31.2, 24.0, 40.4), "31 months (24\u201340)"),
        (Median(31.2, 24.0, None), "31 months (24\u2013not reached)"),
        (Median(None, 24.0, None), "not reached"),
    ],
)
def test_medians_are_said_with_their_interval(median: Median, words: str) -> None:
    cohort = view_cohort(make_reference())
    group = cohort.groups[0]
    summary = GroupSummary(
        name=group.name,
        size=group.size,
        num_events=group.num_events,
        median=median,
        landmarks={},
        curve=group.curve,
    )

    assert median_words(summary) == words


def test_a_missing_concordance_says_why() -> None:
    assert c_words(None) == "C not shown (too few events)"
    assert (
        c_words(Concordance(name="m", value=0.714, low=0.65, high=0.781))
        == "C 0.71 (0.65\u20130.78)"
    )


def test_small_numbers_are_spelled() -> None:
    assert (spelled(5), spelled(12)) == ("five", "12")


def test_the_sentence_is_one_line() -> None:
    words = HeadlineWords(group="A", percentile="b", reference="c", survival="d", range="e")

    assert "\n" not in words.sentence
