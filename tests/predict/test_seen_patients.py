"""Who trained a member is never answered by it as if it had not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from healnet.bundle import ModelBundle, read_bundle
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.data.splits import Fold
from healnet.predict import predict_case
from healnet.predict.evaluation import evaluate_model
from healnet.train import train_model
from tests.train.planted import RECIPE

SHORT = replace(RECIPE, epochs=1, folds=2)


@pytest.fixture(scope="module")
def held_out(cohort: Cohort) -> tuple[str, ...]:
    return cohort.case_ids[30:44]


@pytest.fixture(scope="module")
def one_split(
    cohort: Cohort, held_out: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    """A model of one hold-out that leaves four patients of the cohort out altogether."""
    folder = tmp_path_factory.mktemp("one") / "m"
    fold = Fold(train=cohort.case_ids[:30], validation=held_out)
    train_model(cohort, recipe=replace(SHORT, min_events=5), out_dir=folder, folds=[fold])
    return read_bundle(folder)


@pytest.mark.slow
def test_patients_of_a_single_hold_out_are_known_by_name_and_by_slide(
    cohort: Cohort, one_split: ModelBundle
) -> None:
    for case_id in cohort.case_ids[:30]:
        case = cohort.case(case_id)
        for one in (case, replace(case, case_id="SOMEBODY"), replace(case, slides=())):
            found = predict_case(one_split, one, explain=False)

            assert not found.unseen
            assert "CASE-SEEN" in {warning.code for warning in found.warnings}


@pytest.mark.slow
def test_held_out_patients_and_strangers_are_answered_as_ever(
    cohort: Cohort, held_out: tuple[str, ...], one_split: ModelBundle
) -> None:
    known = predict_case(one_split, cohort.case(held_out[0]), explain=False)
    stranger = predict_case(one_split, cohort.case(cohort.case_ids[-1]), explain=False)

    assert not known.unseen
    assert "CASE-IN-TRAINING" in {warning.code for warning in known.warnings}
    assert stranger.unseen


@pytest.mark.slow
def test_an_evaluation_judges_nobody_whom_every_model_was_trained_on(
    cohort: Cohort, one_split: ModelBundle
) -> None:
    metrics = evaluate_model(one_split, cohort).metrics(replicates=100)

    assert metrics["patients"] == len(cohort)
    assert metrics["patients_seen_by_every_model"] == 30
    assert metrics["patients_of_the_training_cohort"] == 44
    assert metrics["all"]["patients"] == 18
    assert metrics["new_patients"]["patients"] == 4
    assert sum(one["patients"] for one in metrics["by_modalities_used"]) == 18


@pytest.mark.slow
def test_whom_the_own_member_could_not_read_is_known_all_the_same(
    cohort: Cohort, tmp_path: Path
) -> None:
    """A patient with slides only, the one who has any: the member that held it out is blind."""
    patients = tuple(
        patient if number == 4 else replace(patient, features=())
        for number, patient in enumerate(cohort.patients)
    )
    tables = {name: frame.drop(index="P004") for name, frame in cohort.tables.items()}
    odd = replace(cohort, patients=patients, tables=tables)

    bundle = train_model(odd, recipe=SHORT, out_dir=tmp_path / "m")

    whole = replace(odd.case("P004"), tables=cohort.case("P004").tables)
    found = predict_case(bundle, whole, explain=False)
    blind = [i for i, one in enumerate(bundle.ensemble) if "slide" not in one.inputs.modalities]
    assert bundle.reference.fold_of("P004") is None
    assert list(found.member_risks) == blind
    assert not found.unseen


def test_two_patients_in_one_are_answered_by_who_saw_neither(
    cohort: Cohort, bundle: ModelBundle
) -> None:
    folds = {one: bundle.reference.fold_of(one) for one in cohort.case_ids}
    first = cohort.case_ids[0]
    second = next(one for one in cohort.case_ids if folds[one] != folds[first])
    mixed = Case(case_id=first, slides=cohort.case(second).slides)

    found = predict_case(bundle, mixed, explain=False)

    assert "CASE-SEEN" in {warning.code for warning in found.warnings}
    assert len(found.member_risks) == len(bundle.ensemble)


def test_nothing_is_known_of_anybody_else(cohort: Cohort, bundle: ModelBundle) -> None:
    slide = replace(cohort.case("P000").slides[0], slide_sha256="0" * 64)

    assert bundle.trained_on.seen_by(Case(case_id="P0000", slides=(slide,))) == frozenset()
    assert len(np.unique(bundle.trained_on.hashed)) == 2 * len(cohort)
