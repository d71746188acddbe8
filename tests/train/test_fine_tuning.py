"""A tuned model begins with its parent's weights, and never forgets the parent's patients."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from healnet.bundle import ModelBundle, read_bundle
from healnet.data.cohort import Cohort
from healnet.exceptions import ConfigError, TrainingError
from healnet.predict import predict_case
from healnet.train import train_model
from tests.train.planted import RECIPE, planted_cohort

TUNE = replace(RECIPE, epochs=1, folds=2, learning_rate=1e-8, warmup=0.0, model={})


def renamed(cohort: Cohort, mark: str = "Q") -> Cohort:
    return replace(
        cohort,
        patients=tuple(replace(p, case_id=f"{mark}{p.case_id}") for p in cohort.patients),
        tables={
            name: frame.rename(index=(mark + "{}").format)
            for name, frame in cohort.tables.items()
        },
    )


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return renamed(planted_cohort(tmp_path_factory.mktemp("others"), seed=9))


@pytest.fixture(scope="module")
def tuned(
    bundle: ModelBundle, others: Cohort, tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    folder = tmp_path_factory.mktemp("tuned") / "m"
    train_model(others, recipe=TUNE, out_dir=folder, start=bundle)
    return read_bundle(folder)


@pytest.mark.slow
def test_starting_from_a_model_begins_with_its_weights(
    bundle: ModelBundle, tuned: ModelBundle
) -> None:
    ours, theirs = tuned.members[0].state_dict(), bundle.members[0].state_dict()
    body = [name for name in ours if not name.startswith("head.")]  # the head is calibrated

    assert all(torch.allclose(ours[name], theirs[name], atol=1e-4) for name in body)


def test_starting_from_a_model_refuses_its_own_patients(
    cohort: Cohort, bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError) as by_name:
        train_model(cohort, recipe=TUNE, out_dir=tmp_path / "m", start=bundle)
    with pytest.raises(TrainingError) as by_slide:
        train_model(renamed(cohort), recipe=TUNE, out_dir=tmp_path / "m", start=bundle)

    assert by_name.value.code == by_slide.value.code == "TRAIN-OVERLAP"


@pytest.mark.slow
def test_a_patient_of_the_parent_is_never_new_to_the_tuned_model(
    cohort: Cohort, bundle: ModelBundle, tuned: ModelBundle
) -> None:
    for case_id in cohort.case_ids:
        fold = bundle.reference.fold_of(case_id)
        found = predict_case(tuned, cohort.case(case_id), explain=False)
        alias = replace(cohort.case(case_id), case_id="SOMEBODY")

        # Member i of two starts from member i of three.
        expected = [fold] if fold < 2 else [0, 1]
        assert list(found.member_risks) == expected
        assert not found.unseen
        codes = {warning.code for warning in found.warnings}
        assert ("CASE-SEEN" in codes) == (fold == 2)
        assert list(predict_case(tuned, alias, explain=False).member_risks) == expected


@pytest.mark.slow
def test_a_model_tuned_again_knows_its_grandparents_patients(
    cohort: Cohort, tuned: ModelBundle, tmp_path: Path
) -> None:
    third = renamed(planted_cohort(tmp_path / "third", seed=21), "R")

    again = train_model(third, recipe=TUNE, out_dir=tmp_path / "m", start=tuned)

    assert not predict_case(again, cohort.case("P000"), explain=False).unseen
    assert again.card["start"]["start"]["name"] == "planted"
    with pytest.raises(TrainingError, match="were used to train"):
        train_model(cohort, recipe=TUNE, out_dir=tmp_path / "n", start=again)


@pytest.mark.slow
def test_the_card_names_the_start_and_inherits_that_it_is_synthetic(
    bundle: ModelBundle, tuned: ModelBundle, others: Cohort, tmp_path: Path
) -> None:
    drawn = replace(bundle, card={**bundle.card, "is_synthetic": True})

    marked = train_model(others, recipe=TUNE, out_dir=tmp_path / "m", start=drawn)

    assert tuned.card["start"]["sha256"] == bundle.sha256
    assert not tuned.is_synthetic
    assert marked.is_synthetic
    assert any("invented" in limit for limit in marked.card["limits"])


@pytest.mark.slow
def test_a_recipe_cannot_change_the_network_of_a_start(
    bundle: ModelBundle, others: Cohort, tmp_path: Path
) -> None:
    recipe = replace(TUNE, model={"depth": 3})

    with pytest.raises(ConfigError) as refusal:
        train_model(others, recipe=recipe, out_dir=tmp_path / "m", start=bundle)

    assert (refusal.value.code, refusal.value.where) == ("TRAIN-CONFIG", "model")


@pytest.mark.slow
def test_a_cohort_may_lack_a_table_of_the_parent(
    bundle: ModelBundle, others: Cohort, tmp_path: Path
) -> None:
    without = replace(others, tables={"rna": others.tables["rna"]})

    train_model(without, recipe=TUNE, out_dir=tmp_path / "m", start=bundle)

    back = read_bundle(tmp_path / "m")
    assert (back.quantiles["clinical"] == bundle.quantiles["clinical"]).all()
    assert (back.quantiles["rna"] != bundle.quantiles["rna"]).any()
