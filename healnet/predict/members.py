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


def choose_members(bundle: ModelBundle, case: Case, *, allow_seen: bool = False) -> Chosen:
    """Return all members for a new patient, and only the one that did not see a known patient.

    A patient is recognised by the salted hash of the case id or of a slide.

    Args:
        bundle: The model.
        case: The patient.
        allow_seen: Use all members for a known patient too; the result says so.
    """
    size = len(bundle.ensemble)
    everyone = tuple(range(size))
    fold = _fold_of(bundle, case)
    if fold is None:
        return Chosen(numbers=everyone, notes=(f"all {size} models were used",))
    notice = _seen(fold, size) if allow_seen else _held_out(fold, size)
    numbers = everyone if allow_seen else (fold,)
    return Chosen(numbers=numbers, is_known=True, notices=(notice,), notes=(notice.what,))


def _held_out(fold: int, size: int) -> Notice:
    return Notice(
        code="CASE-IN-TRAINING",
        what=f"this patient was in the training cohort; only model {fold + 1} of {size}, which "
        "did not see the patient, was used",
        why="the other models were trained on the patient's outcome; one model has no range",
        fix="read the risk as that of a held-out training patient",
    )


def _seen(fold: int, size: int) -> Notice:
    return Notice(
        code="CASE-SEEN",
        what=f"all {size} models were used; all but model {fold + 1} were trained on this "
        "patient",
        why="they know the patient's outcome, so the risk flatters the model",
        fix="use this to see how the model reads the case, never as a result",
    )


def _fold_of(bundle: ModelBundle, case: Case) -> int | None:
    reference = bundle.reference
    fold = reference.fold_of(case.case_id)
    for slide in case.slides:
        if fold is None:
            fold = reference.fold_of_slide(slide.slide_sha256 or slide.source_sha256)
    return fold
