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
from healnet.survival.risk_groups import risk_percentile

_COLUMNS = (
    "risk", "percentile", "fold", "time_months", "event", "group", "case_hash", "slide_hashes",
)  # fmt: skip


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

    def __post_init__(self) -> None:
        """Refuse columns of different length, or values that are not numbers."""
        lengths = {len(getattr(self, name)) for name in _COLUMNS}
        numbers = (self.risk, self.percentile, self.time_months)
        if len(lengths) != 1 or not all(np.isfinite(values).all() for values in numbers):
            raise BundleError(
                "the reference cohort has gaps or values that are not numbers",
                code="MODEL-REFERENCE",
                where="reference.parquet",
                why="no percentile could be trusted",
                fix="train the model again",
            )

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
        """Return the rank of a member's risk among the patients that member did not see."""
        return risk_percentile(risk, self.risk[self.fold == fold])

    def to_bytes(self) -> bytes:
        """Return the bytes of a parquet file."""
        frame = pd.DataFrame({name: getattr(self, name) for name in _COLUMNS})
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, *, salt: str) -> "Reference":
        """Return the reference in a parquet file.

        Raises:
            BundleError: ``MODEL-REFERENCE`` if it is damaged or has other columns.
        """
        try:
            frame = pd.read_parquet(io.BytesIO(content), columns=list(_COLUMNS))
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
            )
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise BundleError(
                "the reference cohort cannot be read",
                code="MODEL-REFERENCE",
                where="reference.parquet",
                why="no percentile could be trusted",
                fix="copy the model folder again",
            ) from error


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
