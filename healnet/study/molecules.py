"""Draw the omic tables: log2 expression, copy number and mutations that follow the patient.

Genes of a block follow one hidden quantity of the patient (``genes.BLOCKS``). Loadings, means
and prevalences belong to the genes and are the same in every study.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from healnet.study.genes import (
    BLOCKS,
    CNV_DRIVERS,
    CNV_GENES,
    MUTATED_GENES,
    MUTATION_DRIVERS,
    RNA_GENES,
)
from healnet.study.hazard import HazardLaw
from healnet.study.patients import GRADES, SITES, Patient, patient_rng

GENE_SEED = 4711
REVERSED_GENES = 0.12  # share of genes that fall where their block rises
MISSING_VALUES = 0.002  # share of single expression values that were not measured
Row = Float[np.ndarray, " genes"]


@dataclass(frozen=True, kw_only=True)
class GeneLaws:
    """Fixed properties of the genes: mean, deviation, loading on their block, site effects."""

    mean: Row
    deviation: Row
    loading: Row
    site: Float[np.ndarray, "sites genes"]
    copy_change: Float[np.ndarray, " segments"]
    prevalence: Float[np.ndarray, " mutations"]


def gene_laws() -> GeneLaws:
    """Return the properties of all genes."""
    rng = np.random.default_rng(GENE_SEED)
    count = len(RNA_GENES)
    loading = np.concatenate(
        [block.loading + rng.uniform(-0.1, 0.1, len(block.genes)) for block in BLOCKS]
    )
    sign = np.where(rng.random(count) < REVERSED_GENES, -1.0, 1.0)
    return GeneLaws(
        mean=rng.uniform(2.0, 11.5, count),
        deviation=rng.uniform(0.5, 1.3, count),
        loading=loading * sign,
        site=rng.normal(0, 0.18, (len(SITES), count)),
        copy_change=rng.uniform(-0.5, 0.5, len(CNV_GENES)),
        prevalence=np.sort(rng.beta(0.8, 6, len(MUTATED_GENES)))[::-1] + 0.02,
    )


def draw_tables(
    patients: Sequence[Patient], *, seed: int, law: HazardLaw
) -> dict[str, pd.DataFrame]:
    """Return the tables ``rna``, ``cnv`` and ``mutation`` of those who have omics."""
    laws = gene_laws()
    chosen = [patient for patient in patients if patient.has_omics]
    rna, cnv, mutation = [], [], []
    for patient in chosen:
        rng = patient_rng(seed, patient.number, 1)
        rna.append(_expression(rng, patient, laws, law))
        cnv.append(_copy_number(rng, patient, laws))
        mutation.append(_mutations(rng, patient, laws))
    index = pd.Index([patient.case_id for patient in chosen], name="case_id")
    return {
        "rna": _frame(rna, index, RNA_GENES).round(3),
        "cnv": _frame(cnv, index, CNV_GENES).astype(np.int64),
        "mutation": _frame(mutation, index, MUTATED_GENES).astype(np.int64),
    }


def _frame(rows: list[Row], index: pd.Index, names: tuple[str, ...]) -> pd.DataFrame:
    values = np.stack(rows) if rows else np.zeros((0, len(names)))
    return pd.DataFrame(values, index=index, columns=pd.Index(names))


def _expression(
    rng: np.random.Generator, patient: Patient, laws: GeneLaws, law: HazardLaw
) -> Row:
    hidden = _hidden(rng, patient, law)
    factors = np.concatenate(
        [np.full(len(block.genes), hidden[order]) for order, block in enumerate(BLOCKS)]
    )
    noise = rng.normal(size=len(RNA_GENES)) * np.sqrt(1 - laws.loading**2)
    values = laws.mean + laws.deviation * (laws.loading * factors + noise)
    values = values + laws.site[SITES.index(patient.site)]
    values[rng.random(len(values)) < MISSING_VALUES] = np.nan
    return np.asarray(np.maximum(values, 0.0))


def _hidden(rng: np.random.Generator, patient: Patient, law: HazardLaw) -> list[float]:
    """Return the hidden quantity of every block, about unit deviation."""
    shares = patient.shares
    stroma = (
        1 - shares.tumour - shares.lymphocytes - shares.necrosis - shares.glands - shares.fat
    )
    known = {
        "programme": patient.programme,
        "immune": patient.immune,
        "tumour": (shares.tumour - law.tumour_mean) / law.tumour_sd,
        "stroma": (stroma - 0.38) / 0.14,
        "grade": (GRADES.index(patient.grade) - 1) / 0.75,
        "fat": (shares.fat - 0.07) / 0.06,
    }
    own = rng.normal(size=len(BLOCKS))
    return [known.get(block.factor, float(own[order])) for order, block in enumerate(BLOCKS)]


def _copy_number(rng: np.random.Generator, patient: Patient, laws: GeneLaws) -> Row:
    change = laws.copy_change + rng.normal(size=len(CNV_GENES))
    linked = slice(0, len(CNV_DRIVERS))
    change[linked] = 0.7 * patient.programme + 0.72 * rng.normal(size=len(CNV_DRIVERS))
    steps = np.array([-2.3, -1.1, 1.1, 2.3])
    return np.asarray(np.searchsorted(steps, change) - 2.0)


def _mutations(rng: np.random.Generator, patient: Patient, laws: GeneLaws) -> Row:
    odds = np.log(laws.prevalence / (1 - laws.prevalence))
    odds[: len(MUTATION_DRIVERS)] = -1.1 + 1.3 * patient.programme
    return np.asarray(rng.random(len(odds)) < 1 / (1 + np.exp(-odds)), dtype=np.float64)
