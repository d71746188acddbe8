"""A model on a cohort with outcomes: one prediction a patient, and how well they order them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from healnet.bundle.judgement import judge_risk
from healnet.bundle.model_bundle import ModelBundle
from healnet.data.cohort import Cohort
from healnet.data.encode_progress import Progress
from healnet.data.input_spec import SLIDE
from healnet.exceptions import CohortError, ModalityError, Notice, TableError
from healnet.explain.csv_files import write_csv
from healnet.explain.prediction import Prediction
from healnet.omics.name_match import FEW_VALUES
from healnet.predict.members import SEEN
from healnet.predict.patient_warnings import CountedWarning, count_warnings
from healnet.predict.prediction import predict_case
from healnet.survival.outcome import Outcome

_COLUMNS = (
    "case_id", "time_months", "event", "risk", "risk_low", "risk_high", "risk_percentile",
    "risk_group", "modalities_used", "was_in_training",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Predictions of a cohort.

    Attributes:
        predictions: Of the patients the model can read, without explanations.
        unread: Ids of the patients of whom it can read nothing.
        cohort: The patients with their outcomes.
        training: Outcomes of the training cohort.
        refusals: Why rows of unread patients were not read.
        notices: What must be said of the cohort under this model.
    """

    predictions: tuple[Prediction, ...]
    unread: tuple[str, ...]
    cohort: Cohort
    training: Outcome
    refusals: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def warnings(self) -> tuple[CountedWarning, ...]:
        """What was said of single patients, each code once."""
        said = [one.warnings for one in self.predictions]
        return count_warnings([*said, *((refusal,) for refusal in self.refusals)])

    def metrics(self, *, replicates: int = 1000, seed: int = 0) -> dict[str, object]:
        """Return concordances of all patients, of new ones, and by what was read of them.

        Percentiles are judged, not risks: patients of the training cohort have one member's
        risk, new ones the mean of all. Patients whom every model was trained on are counted
        and never judged. The censoring of Uno's C is that of the training cohort.
        """
        seen = np.array([_was_seen(one) for one in self.predictions], dtype=np.bool_)
        new = np.array([one.unseen for one in self.predictions], dtype=np.bool_)
        used = [one.modalities_used for one in self.predictions]
        patterns = sorted(set(used), key=lambda names: (-len(names), names))

        def judge(rows: np.ndarray, *, is_main: bool = False) -> dict[str, object]:
            return self._judge(rows, replicates=replicates, seed=seed, is_main=is_main)

        return {
            "schema_version": 1,
            "patients": len(self.predictions),
            "unread_patients": len(self.unread),
            "patients_of_the_training_cohort": int((~new).sum()),
            "patients_seen_by_every_model": int(seen.sum()),
            "all": judge(~seen, is_main=True),
            "new_patients": judge(new),
            "by_modalities_used": [
                {
                    "modalities": list(names),
                    **judge(np.array([x == names for x in used]) & ~seen),
                }
                for names in patterns
            ],
        }

    def to_csv(self) -> str:
        """Return one row a patient."""
        return write_csv(_COLUMNS, [self._row(one) for one in self.predictions])

    def _row(self, one: Prediction) -> Sequence[object]:
        patient = self.cohort.patient(one.case_id)
        return (
            one.case_id, patient.time_months, int(patient.event), one.risk, one.risk_low,
            one.risk_high, one.risk_percentile, one.risk_group, "+".join(one.modalities_used),
            int(not one.unseen),
        )  # fmt: skip

    def _judge(
        self, rows: np.ndarray, *, replicates: int, seed: int, is_main: bool
    ) -> dict[str, object]:
        chosen = self.cohort.subset([one.case_id for one in self.predictions])
        percentile = np.array([one.risk_percentile for one in self.predictions])
        part = Outcome(chosen.time_months[rows], chosen.event[rows])
        return judge_risk(
            percentile[rows],
            part,
            everyone=self.training,
            replicates=replicates,
            seed=seed,
            is_main=is_main,
        )


def evaluate_model(
    bundle: ModelBundle,
    cohort: Cohort,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Return the prediction of every patient of a cohort.

    Raises:
        CohortError: ``COHORT-UNREAD`` if the model can read nothing of anybody.
    """
    predictions, unread, refusals = [], [], []
    for done, case_id in enumerate(cohort.case_ids, start=1):
        try:
            predictions.append(predict_case(bundle, cohort.case(case_id), explain=False))
        except ModalityError:
            unread.append(case_id)
        except TableError as error:
            if error.code != FEW_VALUES:
                raise
            unread.append(case_id)
            refusals.append(error.to_notice())
        if progress is not None:
            progress(Progress(stage="predict", done=done, total=len(cohort)))
    if not predictions:
        raise _unread(bundle, cohort)
    reference = bundle.reference
    return Evaluation(
        predictions=tuple(predictions),
        unread=tuple(unread),
        cohort=cohort,
        training=Outcome(reference.time_months, reference.event),
        refusals=tuple(refusals),
        notices=_lacking(bundle, cohort),
    )


def _unread(bundle: ModelBundle, cohort: Cohort) -> CohortError:
    return CohortError(
        "the model can read nothing of any patient",
        code="COHORT-UNREAD",
        where=cohort.name,
        why=f"it takes {', '.join(bundle.inputs.modalities)}",
        fix="name the tables with --omics NAME=FILE, or give a column features",
    )


def _lacking(bundle: ModelBundle, cohort: Cohort) -> tuple[Notice, ...]:
    """Return a notice for what the model takes and no patient has."""
    slides = {SLIDE} if any(patient.features for patient in cohort.patients) else set()
    given = slides | set(cohort.tables)
    return tuple(
        Notice(
            code="COHORT-LACKS",
            what=f"no patient has {name}, which the model takes",
            where=cohort.name,
            why="the concordance is that of a model without it",
            fix="give a column features" if name == SLIDE else f"add --omics {name}=FILE",
        )
        for name in bundle.inputs.modalities
        if name not in given
    )


def _was_seen(prediction: Prediction) -> bool:
    return any(warning.code == SEEN for warning in prediction.warnings)
