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
    judge = _Judge(held_out, cohort, replicates=replicates, seed=seed)
    percentile = within_fold_percentiles(held_out.risk, held_out.fold)
    return {
        "patients": len(percentile),
        "events": int(judge.outcome.event.sum()),
        "pooled": {
            **judge.of(percentile, np.ones(len(percentile), dtype=np.bool_), is_main=True),
            "of": "percentiles within the fold",
        },
        "folds": [judge.of_fold(number) for number in judge.folds],
        "given_only": [
            {"modalities": list(subset), **judge.of(*_subset_percentile(held_out, risk))}
            for subset, risk in held_out.subset_risk.items()
        ],
        "available": [
            {"modalities": list(pattern), **judge.of(percentile, rows)}
            for pattern, rows in _patterns(held_out.available)
        ],
        "baselines": _baselines(judge, cohort.subset(held_out.case_ids)),
    }


class _Judge:
    """Judges risks of held-out patients, with the censoring of those who trained.

    Args:
        held_out: The patients, in this order.
        cohort: All patients of the training run.
        replicates: Of the bootstrap.
        seed: Of the bootstrap.
    """

    def __init__(
        self, held_out: OutOfFold, cohort: Cohort, *, replicates: int, seed: int
    ) -> None:
        chosen = cohort.subset(held_out.case_ids)
        self.outcome = Outcome(chosen.time_months, chosen.event)
        self.folds = sorted(set(held_out.fold.tolist()))
        self._held_out, self._cohort = held_out, cohort
        self._replicates, self._seed = replicates, seed

    def of(
        self, risk: Float64[ndarray, " n"], rows: ndarray, *, is_main: bool = False
    ) -> dict[str, object]:
        """Return the judgement of some patients; with several folds everybody has trained."""
        trained = (
            self._everybody if len(self.folds) > 1 else self._trained_beside(self.folds[0])
        )
        return self._judge(risk, rows, trained, is_main=is_main)

    def of_fold(self, number: int) -> dict[str, object]:
        """Return the judgement of the patients whom one member held out."""
        risk, here = self._held_out.risk, self._held_out.fold == number
        judged = self._judge(risk, here, self._trained_beside(number))
        return {"fold": number, **judged, "risk_sd": float(risk[here].std())}

    def _judge(
        self,
        risk: Float64[ndarray, " n"],
        rows: ndarray,
        trained: Outcome,
        *,
        is_main: bool = False,
    ) -> dict[str, object]:
        return judge_risk(
            risk[rows],
            Outcome(self.outcome.time_months[rows], self.outcome.event[rows]),
            everyone=trained,
            replicates=self._replicates,
            seed=self._seed,
            is_main=is_main,
        )

    @property
    def _everybody(self) -> Outcome:
        return Outcome(self._cohort.time_months, self._cohort.event)

    def _trained_beside(self, number: int) -> Outcome:
        """Return the outcomes of those whom this member did not hold out."""
        here = self._held_out.fold == number
        left_out = {
            one for one, is_in in zip(self._held_out.case_ids, here, strict=True) if is_in
        }
        rows = np.array([one not in left_out for one in self._cohort.case_ids], dtype=np.bool_)
        if not rows.any():
            return self._everybody
        return Outcome(self._cohort.time_months[rows], self._cohort.event[rows])


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


def _baselines(judge: _Judge, cohort: Cohort) -> list[dict[str, object]]:
    """Return what age alone reaches on the same patients, untrained."""
    clinical = cohort.tables.get("clinical")
    if clinical is None:
        return []
    by_name: Mapping[str, str] = {str(name).lower(): str(name) for name in clinical.columns}
    column = next((by_name[name] for name in _AGE if name in by_name), None)
    if column is None or clinical[column].dtype.kind != "f":
        return []
    age = clinical[column].reindex(list(cohort.case_ids)).to_numpy(dtype=np.float64)
    judged = judge.of(age, np.isfinite(age))
    return [{"name": "age", "note": "higher age as higher risk, nothing fitted", **judged}]
