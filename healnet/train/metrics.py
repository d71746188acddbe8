"""How well the held-out risks order the patients: by fold, pooled, by what is known of them.

Risks of different members have different scales, so pooled numbers use percentiles within the
fold. Fewer than 10 events give no concordance. The censoring that Uno's C needs is estimated
within a fold from the patients of the other folds; where folds are pooled, from everybody,
since everybody trains some member.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from healnet.bundle.judgement import judge_risk
from healnet.bundle.reference import within_fold_percentiles
from healnet.data.cohort import Cohort
from healnet.survival.outcome import Outcome
from healnet.train.out_of_fold import OutOfFold

COLLAPSED_SD = 1e-2
_AGE = ("age", "age_years", "age_at_diagnosis")


def measure(
    held_out: OutOfFold, cohort: Cohort, *, replicates: int, seed: int = 0
) -> dict[str, object]:
    """Return every number of ``metrics.json`` that comes from held-out risks."""
    chosen = cohort.subset(held_out.case_ids)
    outcome = Outcome(chosen.time_months, chosen.event)
    percentile = within_fold_percentiles(held_out.risk, held_out.fold)

    def judge(
        risk: Float64[ndarray, " n"],
        rows: ndarray,
        *,
        is_main: bool = False,
        others: ndarray | None = None,
    ) -> dict[str, object]:
        return judge_risk(
            risk[rows],
            _part(outcome, rows),
            everyone=outcome if others is None or not others.any() else _part(outcome, others),
            replicates=replicates,
            seed=seed,
            is_main=is_main,
        )

    every = np.ones(len(percentile), dtype=np.bool_)
    folds = [
        (number, held_out.fold == number) for number in sorted(set(held_out.fold.tolist()))
    ]
    return {
        "patients": len(percentile),
        "events": int(outcome.event.sum()),
        "pooled": {
            **judge(percentile, every, is_main=True),
            "of": "percentiles within the fold",
        },
        "folds": [
            {
                "fold": number,
                **judge(held_out.risk, here, others=~here),
                "risk_sd": float(held_out.risk[here].std()),
            }
            for number, here in folds
        ],
        "given_only": [
            {"modalities": list(subset), **judge(*_subset_percentile(held_out, risk))}
            for subset, risk in held_out.subset_risk.items()
        ],
        "available": [
            {"modalities": list(pattern), **judge(percentile, rows)}
            for pattern, rows in _patterns(held_out.available)
        ],
        "baselines": _baselines(chosen, outcome, replicates=replicates, seed=seed),
    }


def _part(outcome: Outcome, rows: ndarray) -> Outcome:
    return Outcome(outcome.time_months[rows], outcome.event[rows])


def _subset_percentile(
    held_out: OutOfFold, risk: Float64[ndarray, " n"]
) -> tuple[Float64[ndarray, " n"], ndarray]:
    rows = np.isfinite(risk)
    percentile = np.full(len(risk), np.nan)
    percentile[rows] = within_fold_percentiles(risk[rows], held_out.fold[rows])
    return percentile, rows


def _patterns(
    available: Sequence[tuple[str, ...]],
) -> list[tuple[tuple[str, ...], Bool[ndarray, " n"]]]:
    known = dict.fromkeys(available)
    return [
        (pattern, np.array([one == pattern for one in available], dtype=np.bool_))
        for pattern in sorted(known, key=lambda pattern: (-len(pattern), pattern))
    ]


def _baselines(
    cohort: Cohort, outcome: Outcome, *, replicates: int, seed: int
) -> list[dict[str, object]]:
    """Return what age alone reaches on the same patients, untrained."""
    clinical = cohort.tables.get("clinical")
    if clinical is None:
        return []
    by_name: Mapping[str, str] = {str(name).lower(): str(name) for name in clinical.columns}
    column = next((by_name[name] for name in _AGE if name in by_name), None)
    if column is None or clinical[column].dtype.kind != "f":
        return []
    age = clinical[column].reindex(list(cohort.case_ids)).to_numpy(dtype=np.float64)
    known = np.isfinite(age)
    judged = judge_risk(
        age[known],
        _part(outcome, known),
        everyone=outcome,
        replicates=replicates,
        seed=seed,
    )
    return [{"name": "age", "note": "higher age as higher risk, nothing fitted", **judged}]
