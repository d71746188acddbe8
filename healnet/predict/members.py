"""Which members may answer about a case: none that was trained on the patient."""

from dataclasses import dataclass

from healnet.bundle.model_bundle import ModelBundle
from healnet.bundle.trained_on import slide_hashes
from healnet.data.case import Case
from healnet.exceptions import Notice

SEEN = "CASE-SEEN"


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
    """Return all members for a new patient, and only those that did not see a known one.

    A patient is recognised by the salted hash of the case id or of a slide. If a fold held the
    patient out, its member alone answers, with the stored held-out risk. If every member has
    seen the patient, all answer, and the result says that it is no result.

    Args:
        bundle: The model.
        case: The patient.
        allow_seen: Use all members for a known patient too; the result says so.
    """
    size = len(bundle.ensemble)
    everyone = tuple(range(size))
    fold, seen = _fold_of(bundle, case), bundle.trained_on.seen_by(case)
    if fold is None and not seen:
        return Chosen(numbers=everyone, notes=(f"all {size} models were used",))
    unseen = tuple(number for number in everyone if number not in seen)
    numbers = (fold,) if fold is not None and fold in unseen else unseen
    if allow_seen and seen:
        numbers = ()
    notice = _held_out(numbers, size) if numbers else _seen(unseen, size)
    return Chosen(
        numbers=numbers or everyone, is_known=True, notices=(notice,), notes=(notice.what,)
    )


def _held_out(numbers: tuple[int, ...], size: int) -> Notice:
    one = len(numbers) == 1
    return Notice(
        code="CASE-IN-TRAINING",
        what="this patient was in the training cohort; only "
        f"{_named(numbers)} of {size}, which did not see the patient, "
        + ("was used" if one else "were used"),
        why="the other models were trained on the patient's outcome"
        + ("; one model has no range" if one else ""),
        fix="read the risk as that of a held-out training patient",
    )


def _seen(unseen: tuple[int, ...], size: int) -> Notice:
    but = f" but {_named(unseen)}" if unseen else ""
    return Notice(
        code=SEEN,
        what=f"all {size} models were used; all{but} were trained on this patient",
        why="they know the patient's outcome, so the risk flatters the model",
        fix="use this to see how the model reads the case, never as a result",
    )


def _named(numbers: tuple[int, ...]) -> str:
    listed = ", ".join(str(number + 1) for number in numbers)
    return f"model {listed}" if len(numbers) == 1 else f"models {listed}"


def _fold_of(bundle: ModelBundle, case: Case) -> int | None:
    fold = bundle.reference.fold_of(case.case_id)
    for sha256 in slide_hashes(case):
        if fold is None:
            fold = bundle.reference.fold_of_slide(sha256)
    return fold
