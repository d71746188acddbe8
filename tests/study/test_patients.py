"""The patients: drawn alike whatever the study, with times that follow the true hazard."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from healnet.exceptions import ConfigError
from healnet.study.build import Study, draw_study, is_held_out, oracle_concordance
from healnet.study.genes import (
    CNV_DRIVERS,
    CNV_GENES,
    DRIVER_GENES,
    IMMUNE_GENES,
    MUTATED_GENES,
    MUTATION_DRIVERS,
    RNA_GENES,
)
from healnet.study.hazard import MEDIAN_MONTHS, HazardLaw, draw_outcome
from healnet.study.molecules import draw_tables
from healnet.survival.kaplan_meier import kaplan_meier


@pytest.fixture(scope="module")
def drawn() -> Study:
    return draw_study(Path("nowhere"), patients=300, seed=7)


def test_a_patient_does_not_depend_on_the_size_of_the_study(drawn: Study) -> None:
    smaller = draw_study(Path("nowhere"), patients=12, seed=7)

    assert smaller.patients == drawn.patients[:12]


def test_another_seed_gives_other_patients(drawn: Study) -> None:
    other = draw_study(Path("nowhere"), patients=12, seed=8)

    for one, another in zip(other.patients, drawn.patients[:12], strict=True):
        assert one.shares != another.shares


def test_about_half_of_the_patients_have_the_event(drawn: Study) -> None:
    events = sum(patient.outcome.event for patient in drawn.patients)

    assert 150 <= events <= 185


def test_the_true_hazard_orders_the_patients_but_not_perfectly(drawn: Study) -> None:
    assert 0.76 <= oracle_concordance(drawn.patients) <= 0.83


def test_median_survival_is_about_forty_months(drawn: Study) -> None:
    time = np.array([patient.outcome.time_months for patient in drawn.patients])
    event = np.array([patient.outcome.event for patient in drawn.patients])

    median = kaplan_meier(time, event).median()

    assert median.months is not None
    assert 32 <= median.months <= 48


def test_log_hazard_of_the_average_patient_is_zero() -> None:
    law = HazardLaw()

    value = law.log_hazard(
        tumour=law.tumour_mean,
        lymphocytes=law.lymphocytes_mean,
        programme=0.0,
        age=law.age_mean,
    )

    assert value == 0.0


def test_log_hazard_by_hand() -> None:
    law = HazardLaw(tumour=1.0, lymphocytes=0.5, programme=2.0, interaction=0.25, age=0.1)

    value = law.log_hazard(
        tumour=law.tumour_mean + 2 * law.tumour_sd,
        lymphocytes=law.lymphocytes_mean + law.lymphocytes_sd,
        programme=-1.0,
        age=law.age_mean + 3 * law.age_sd,
    )

    assert value == pytest.approx(2 - 0.5 - 2 - 0.5 + 0.3)


def test_times_follow_the_weibull_law_and_shrink_with_the_hazard() -> None:
    rng = np.random.default_rng(0)
    usual = [draw_outcome(rng, 0.0) for _ in range(4000)]
    doubled = [draw_outcome(rng, float(np.log(2))) for _ in range(4000)]

    medians = [
        kaplan_meier(
            np.array([one.time_months for one in group]),
            np.array([one.event for one in group]),
        )
        .median()
        .months
        for group in (usual, doubled)
    ]

    # S(t) = exp(-h * log(2) * (t / 40) ** 1.35): the median falls by 2 ** (1 / 1.35)
    assert medians[0] == pytest.approx(MEDIAN_MONTHS, rel=0.08)
    assert medians[1] == pytest.approx(MEDIAN_MONTHS / 2 ** (1 / 1.35), rel=0.08)


def test_shares_fit_on_a_section(drawn: Study) -> None:
    for patient in drawn.patients:
        shares = patient.shares
        total = shares.tumour + shares.lymphocytes + shares.necrosis + shares.glands
        assert total + shares.fat + shares.muscle <= 1


def test_absence_is_real_and_rare(drawn: Study) -> None:
    without_slide = sum(not patient.has_slide for patient in drawn.patients)
    without_omics = sum(not patient.has_omics for patient in drawn.patients)

    assert 10 <= without_slide <= 45
    assert 12 <= without_omics <= 50


def test_every_fifth_patient_is_held_out(drawn: Study) -> None:
    assert sum(is_held_out(patient) for patient in drawn.patients) == 60
    assert not set(drawn.case_ids(held_out=True)) & set(drawn.case_ids(held_out=False))


def test_gene_symbols_are_unique() -> None:
    assert len(RNA_GENES) == len(set(RNA_GENES)) == 400
    assert len(CNV_GENES) == len(set(CNV_GENES)) == 60
    assert len(MUTATED_GENES) == len(set(MUTATED_GENES)) == 40


def test_driver_genes_follow_the_programme_and_others_do_not(drawn: Study) -> None:
    table = draw_tables(drawn.patients, seed=7, law=drawn.law)["rna"]
    programme = np.array([p.programme for p in drawn.patients if p.has_omics])

    correlation = table.corrwith(table.assign(programme=programme)["programme"], axis=0).abs()

    drivers = correlation[list(DRIVER_GENES)]
    others = correlation.drop(list(DRIVER_GENES))
    assert drivers.min() > 0.35
    assert others.median() < 0.1


def test_immune_genes_follow_the_lymphocytes_on_the_slide_in_part(drawn: Study) -> None:
    table = draw_tables(drawn.patients, seed=7, law=drawn.law)["rna"]
    share = [p.shares.lymphocytes for p in drawn.patients if p.has_omics]

    correlation = (
        table[list(IMMUNE_GENES)].corrwith(table.assign(share=share)["share"], axis=0).abs()
    )

    assert 0.2 < correlation.median() < 0.6


def test_linked_copy_numbers_and_mutations_follow_the_programme(drawn: Study) -> None:
    tables = draw_tables(drawn.patients, seed=7, law=drawn.law)
    programme = np.array([p.programme for p in drawn.patients if p.has_omics])

    for gene in CNV_DRIVERS:
        assert np.corrcoef(tables["cnv"][gene], programme)[0, 1] > 0.3
    for gene in MUTATION_DRIVERS:
        mutated = tables["mutation"][gene].to_numpy() == 1
        assert programme[mutated].mean() > programme[~mutated].mean() + 0.5


def test_tables_hold_plausible_values(drawn: Study) -> None:
    tables = draw_tables(drawn.patients, seed=7, law=drawn.law)

    assert tables["rna"].min().min() >= 0
    assert tables["rna"].max().max() < 18
    assert 0 < tables["rna"].isna().to_numpy().mean() < 0.01
    assert set(np.unique(tables["cnv"])) <= {-2, -1, 0, 1, 2}
    assert set(np.unique(tables["mutation"])) == {0, 1}


def test_tables_of_a_patient_do_not_depend_on_the_others(drawn: Study) -> None:
    everybody = draw_tables(drawn.patients[:20], seed=7, law=drawn.law)["rna"]
    backwards = draw_tables(drawn.patients[19::-1], seed=7, law=drawn.law)["rna"]

    assert everybody.equals(backwards.loc[everybody.index])


def test_without_the_programme_in_the_hazard_its_concordance_is_chance() -> None:
    law = replace(HazardLaw(), programme=0.0, interaction=0.0)
    rng = np.random.default_rng(1)
    programme = rng.normal(size=600)
    outcomes = [
        draw_outcome(
            rng,
            law.log_hazard(tumour=0.3, lymphocytes=0.1, programme=float(score), age=60.0),
        )
        for score in programme
    ]

    time = np.array([one.time_months for one in outcomes])

    assert abs(np.corrcoef(programme, time)[0, 1]) < 0.1


def test_an_empty_study_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 patients"):
        draw_study(Path("nowhere"), patients=0)
