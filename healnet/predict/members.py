"""Which members may answer about a case: none that was trained on the patient."""

from dataclasses import dataclass

from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.exceptions import Notice


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The members that answer.

    Attributes:
        numbers: Of the members.
        is_known: True if the patient was among the training patients.
        notices: What must be said about it.
        notes: The same as facts.
    """

    numbers: tuple[int, ...]
    is_known: bool = False
    notices: tuple[Notice, ...] = ()
    notes: tuple[str, ...] = ()


def choose_members(bundle: ModelBundle, case: Case) -> Chosen:
    """Return all members for a new patient, and only the one that did not see a known patient.

    A patient is recognised by the salted hash of the case id or of a slide.
    """
    size = len(bundle.ensemble)
    fold = _fold_of(bundle, case)
    if fold is None:
        return Chosen(numbers=tuple(range(size)), notes=(f"all {size} models were used",))
    what = f"this patient was in the training cohort; only model {fold + 1} of {size} was used"
    return Chosen(
        numbers=(fold,),
        is_known=True,
        notices=(
            Notice(
                code="CASE-IN-TRAINING",
                what=what,
                why="the other models were trained on the patient's outcome, and one model "
                "has no range",
                fix="read the risk as that of a held-out training patient",
            ),
        ),
        notes=(what,),
    )


def _fold_of(bundle: ModelBundle, case: Case) -> int | None:
    reference = bundle.reference
    fold = reference.fold_of(case.case_id)
    for slide in case.slides:
        if fold is None:
            fold = reference.fold_of_slide(slide.slide_sha256 or slide.source_sha256)
    return fold
