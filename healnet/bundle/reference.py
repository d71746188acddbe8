"""The reference cohort: what a new patient's risk is compared with.

Every risk in it is out of fold: it comes from the one member that did not see that patient.
Scales differ from member to member, so a risk is ranked among the patients of its own fold, and
only these percentiles are pooled. Patients are known by a salted hash, never by name.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from healnet.exceptions import BundleError
from healnet.survival.risk_groups import GROUP_NAMES, risk_percentile

_COLUMNS = (
    "risk", "percentile", "fold", "time_months", "event", "group", "case_hash", "slide_hashes",
)  # fmt: skip
_OWN = "own_risk"
_KINDS = {"risk": "f", "percentile": "f", "time_months": "f", "fold": "iu", "event": "b"}
_SALT_DIGITS = 128  # the most a BLAKE2b key can be, hexadecimal


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Out-of-fold risks of the training patients, one entry a patient.

    Attributes:
        risk: Risk by the member that did not see the patient.
        percentile: Rank of that risk within the fold, 0 to 100.
        fold: Fold in which the patient was held out, which is also the member's number.
        time_months: Follow-up.
        event: True if the event happened.
        group: ``lower``, ``intermediate`` or ``higher``.
        case_hash: Salted hash of the case id.
        slide_hashes: Salted hashes of the patient's slides, joined by spaces.
        salt: What the hashes are salted with, hexadecimal.
        own_risk: The same risk on the member's own time bins, which know nothing of the
            patients it held out: this one is ranked. None in folders of format 1, where
            ``risk`` was.
    """

    risk: Float64[ndarray, " n"]
    percentile: Float64[ndarray, " n"]
    fold: Int64[ndarray, " n"]
    time_months: Float64[ndarray, " n"]
    event: Bool[ndarray, " n"]
    group: tuple[str, ...]
    case_hash: tuple[str, ...]
    slide_hashes: tuple[str, ...]
    salt: str
    own_risk: Float64[ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different length, or values that cannot be."""
        lengths = {len(getattr(self, name)) for name in _COLUMNS}
        numbers = (self.risk, self.percentile, self.time_months, self.ranked_risk)
        if len(lengths) != 1 or len(self.ranked_risk) not in lengths:
            raise _refusal("has gaps")
        if not all(np.isfinite(values).all() for values in numbers):
            raise _refusal("has gaps or values that are not numbers")
        is_rank = (self.percentile >= 0) & (self.percentile <= 100)  # noqa: PLR2004
        if not is_rank.all() or (self.time_months < 0).any() or (self.fold < 0).any():
            raise _refusal("has a percentile, a time or a fold that cannot be")
        if not set(self.group) <= set(GROUP_NAMES):
            raise _refusal("names a group that is none")

    @property
    def ranked_risk(self) -> Float64[ndarray, " n"]:
        """The risks among which a new one is ranked."""
        return self.risk if self.own_risk is None else self.own_risk

    def refuse_unknown_folds(self, num_members: int) -> None:
        """Refuse folds without a member.

        Raises:
            BundleError: ``MODEL-REFERENCE``.
        """
        if (self.fold >= num_members).any():
            raise _refusal(f"has a fold beyond the {num_members} members")

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.risk)

    def fold_of(self, case_id: str) -> int | None:
        """Return the fold in which a training patient was held out; None for others."""
        wanted = hash_case(case_id, salt=self.salt)
        if wanted not in self.case_hash:
            return None
        return int(self.fold[self.case_hash.index(wanted)])

    def fold_of_slide(self, sha256: str) -> int | None:
        """Return the fold of the patient to whom a slide belongs; None if it is unknown."""
        if not sha256:
            return None
        wanted = hash_case(sha256, salt=self.salt)
        for fold, hashes in zip(self.fold.tolist(), self.slide_hashes, strict=True):
            if wanted in hashes.split():
                return int(fold)
        return None

    def percentile_of(self, risk: float, *, fold: int) -> float:
        """Return the rank of a member's risk among the patients that member held out."""
        return risk_percentile(risk, self.ranked_risk[self.fold == fold])

    def to_bytes(self) -> bytes:
        """Return the bytes of a parquet file."""
        columns = _COLUMNS if self.own_risk is None else (*_COLUMNS, _OWN)
        frame = pd.DataFrame({name: getattr(self, name) for name in columns})
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, *, salt: str) -> "Reference":
        """Return the reference in a parquet file.

        Raises:
            BundleError: ``MODEL-REFERENCE`` if it is damaged or has other columns or kinds.
        """
        try:
            frame = pd.read_parquet(io.BytesIO(content))
            _check_columns(frame)
            return cls(
                risk=frame["risk"].to_numpy(np.float64),
                percentile=frame["percentile"].to_numpy(np.float64),
                fold=frame["fold"].to_numpy(np.int64),
                time_months=frame["time_months"].to_numpy(np.float64),
                event=frame["event"].to_numpy(np.bool_),
                group=tuple(str(value) for value in frame["group"]),
                case_hash=tuple(str(value) for value in frame["case_hash"]),
                slide_hashes=tuple(str(value) for value in frame["slide_hashes"]),
                salt=salt,
                own_risk=frame[_OWN].to_numpy(np.float64) if _OWN in frame else None,
            )
        except BundleError:
            raise
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise _refusal("cannot be read") from error


def _check_columns(frame: pd.DataFrame) -> None:
    """Refuse missing or unknown columns, and numbers of another kind."""
    missing = sorted(set(_COLUMNS) - set(frame.columns))
    unknown = sorted(set(map(str, frame.columns)) - {*_COLUMNS, _OWN})
    if missing or unknown:
        raise _refusal(f"has other columns: {', '.join([*missing, *unknown])}")
    for name, kinds in {**_KINDS, _OWN: "f"}.items():
        if name in frame and frame[name].dtype.kind not in kinds:
            raise _refusal(f"has a column {name} with gaps or of another kind")


def is_salt(text: str) -> bool:
    """Return whether a text is a salt: hexadecimal, 1 to 64 bytes."""
    try:
        return len(bytes.fromhex(text)) > 0 and len(text) <= _SALT_DIGITS
    except ValueError:
        return False


def _refusal(what: str) -> BundleError:
    return BundleError(
        f"the reference cohort {what}",
        code="MODEL-REFERENCE",
        where="reference.parquet",
        why="no percentile could be trusted",
        fix="copy the model folder again, or train it again",
    )


def within_fold_percentiles(
    risk: Float64[ndarray, " n"], fold: Int64[ndarray, " n"]
) -> Float64[ndarray, " n"]:
    """Return each patient's percentile among the patients of the same fold."""
    percentile = np.empty(len(risk), dtype=np.float64)
    for number in np.unique(fold):
        here = np.flatnonzero(fold == number)
        percentile[here] = [risk_percentile(float(risk[i]), risk[here]) for i in here]
    return percentile


def hash_case(text: str, *, salt: str) -> str:
    """Return the salted hash under which a patient or a slide is known in a model folder."""
    text = text.strip()
    return hashlib.blake2b(text.encode(), digest_size=16, key=bytes.fromhex(salt)).hexdigest()
