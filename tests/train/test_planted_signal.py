"""A signal that was planted is found, and the maps point at it; noise stays noise."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float32
from numpy import ndarray

from healnet.bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.predict import Prediction, predict_case
from healnet.survival.concordance import concordance
from healnet.train import train_model
from tests.train.planted import RECIPE, planted_cohort

pytestmark = pytest.mark.slow
RECIPE_LONG = replace(RECIPE, epochs=20, patience=10, model={})  # the default network


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    folder = tmp_path_factory.mktemp("planted")
    cohort = planted_cohort(folder / "cohort", patients=120)
    return train_model(cohort, recipe=RECIPE_LONG, out_dir=folder / "model")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    cohort = planted_cohort(tmp_path_factory.mktemp("new"), patients=40, seed=77)
    patients = tuple(replace(one, case_id=f"NEW-{one.case_id}") for one in cohort.patients)
    tables = {
        name: frame.rename(index="NEW-{}".format) for name, frame in cohort.tables.items()
    }
    return replace(cohort, patients=patients, tables=tables)


@pytest.fixture(scope="module")
def predictions(model: ModelBundle, strangers: Cohort) -> list[Prediction]:
    return [predict_case(model, strangers.case(one)) for one in strangers.case_ids]


def area_under_curve(values: Float32[ndarray, " n"], is_hot: Bool[ndarray, " n"]) -> float:
    hot, cold = values[is_hot][:, None], values[~is_hot][None]
    return float(np.mean(hot > cold) + 0.5 * np.mean(hot == cold))


def mixed_slides(
    predictions: Sequence[Prediction],
) -> list[tuple[Prediction, Bool[ndarray, " n"]]]:
    """Predictions of slides with both hot and cold patches, and which patches are hot."""
    found = []
    for one in predictions:
        is_hot = one.slides[0].features.features[:, 0] > 0
        if 2 <= is_hot.sum() <= len(is_hot) - 2:
            found.append((one, is_hot))
    return found


def test_new_patients_are_ordered_and_so_are_held_out_ones(
    model: ModelBundle, strangers: Cohort, predictions: list[Prediction]
) -> None:
    risk = np.array([one.risk for one in predictions])

    reached = concordance(risk, strangers.time_months, strangers.event)

    assert reached > 0.75
    assert model.card["performance"]["pooled"]["harrell"] > 0.7


def test_the_map_in_risk_units_finds_the_hot_patches(predictions: list[Prediction]) -> None:
    areas = [
        area_under_curve(one.slides[0].find("perturbation").values, is_hot)
        for one, is_hot in mixed_slides(predictions)
    ]

    assert len(areas) > 15
    assert np.mean(areas) > 0.9


def test_leaving_the_strongest_patches_out_lowers_the_risk_more_than_chance(
    model: ModelBundle, strangers: Cohort, predictions: list[Prediction]
) -> None:
    draw = np.random.default_rng(0)
    wins = []
    for one, _ in mixed_slides(predictions)[:6]:
        case = strangers.case(one.case_id)
        strongest = np.argsort(-one.slides[0].find("perturbation").values)[:4]
        at_random = [draw.permutation(len(case.slides[0]))[:4] for _ in range(10)]

        aimed = one.risk - risk_without(model, case, strongest)
        chance = [one.risk - risk_without(model, case, rows) for rows in at_random]

        wins.append(aimed > np.quantile(chance, 0.8))
    assert np.mean(wins) > 0.8


def test_the_planted_gene_moves_the_risk_most(predictions: list[Prediction]) -> None:
    strength = {f"g{number}": 0.0 for number in range(6)}
    for one in predictions:
        for item in one.attributions:
            if item.modality == "rna":
                strength[item.feature] += abs(item.attribution)
    signs = [
        np.sign(item.attribution) == np.sign(item.value)
        for one in predictions
        for item in one.attributions
        if item.feature == "g0" and abs(item.value) > 0.5
    ]

    assert max(strength, key=strength.__getitem__) == "g0"
    assert np.mean(signs) > 0.85


def test_a_hotter_slide_has_a_higher_risk(model: ModelBundle, strangers: Cohort) -> None:
    case = replace(strangers.case(strangers.case_ids[0]), tables={})
    slide = case.slides[0]

    risks = []
    for share in (0.0, 0.25, 0.5, 1.0):
        features = slide.features.copy()
        features[:, 0] = np.where(np.arange(len(slide)) < share * len(slide), 3.0, -3.0)
        hotter = replace(case, slides=(replace(slide, features=features),))
        risks.append(predict_case(model, hotter, explain=False).risk)

    assert risks == sorted(risks)
    assert risks[-1] - risks[0] > 0.1


def test_the_slide_alone_and_the_genes_alone_know_less_than_both(model: ModelBundle) -> None:
    performance = model.card["performance"]
    alone = {tuple(one["modalities"]): one["harrell"] for one in performance["given_only"]}

    assert performance["pooled"]["harrell"] > max(alone["slide",], alone["rna",])
    assert alone["slide",] > 0.6
    assert alone["rna",] > 0.6
    assert abs(alone["clinical",] - 0.5) < 0.15


def test_shuffled_outcomes_are_not_learned(tmp_path: Path) -> None:
    cohort = planted_cohort(tmp_path / "cohort", patients=90, slides=False)
    reached = []
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(cohort))
        patients = tuple(
            replace(
                p, time_months=cohort.patients[j].time_months, event=cohort.patients[j].event
            )
            for p, j in zip(cohort.patients, order.tolist(), strict=True)
        )
        recipe = replace(RECIPE_LONG, seed=seed, epochs=5)
        shuffled = replace(cohort, patients=patients)

        bundle = train_model(shuffled, recipe=recipe, out_dir=tmp_path / f"m{seed}")

        reached.append(bundle.card["performance"]["pooled"]["harrell"])
    # One C without signal has a spread of about 0.35 / sqrt(60 events) = 0.045.
    assert abs(np.mean(reached) - 0.5) < 0.12


def test_networks_of_random_weights_give_other_maps(
    model: ModelBundle, predictions: list[Prediction], strangers: Cohort
) -> None:
    """One random network may point anywhere, even at the hot patches; several do not agree."""
    slides = mixed_slides(predictions)[:6]
    trained = [
        area_under_curve(one.slides[0].find("perturbation").values, h) for one, h in slides
    ]

    areas = []
    for seed in range(6):
        members = tuple(
            replace(one, network=_scrambled(one.network, seed=4242 + 10 * seed + number))
            for number, one in enumerate(model.ensemble)
        )
        scrambled = replace(model, ensemble=members)
        again = [predict_case(scrambled, strangers.case(one.case_id)) for one, _ in slides]
        areas.append(
            [
                area_under_curve(other.slides[0].find("perturbation").values, is_hot)
                for other, (_, is_hot) in zip(again, slides, strict=True)
            ]
        )

    by_network = np.mean(areas, axis=1)
    assert np.mean(trained) > np.mean(by_network) + 0.15
    assert abs(np.mean(by_network) - 0.5) < 0.25
    assert np.ptp(by_network) > 0.3


def _scrambled(network: torch.nn.Module, *, seed: int) -> torch.nn.Module:
    return type(network)(network.config, seed=seed)


def risk_without(model: ModelBundle, case: Case, rows: ndarray) -> float:
    slide = case.slides[0]
    kept = np.setdiff1d(np.arange(len(slide)), rows)
    left = replace(slide, features=slide.features[kept], coords=slide.coords[kept])
    return predict_case(model, replace(case, slides=(left,)), explain=False).risk
