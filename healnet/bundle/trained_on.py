"""Whom the weights have seen: every patient that trained a member or told it when to stop.

A patient may be judged by a member only if that member has not seen the patient. Who was held
out says too little about it: a patient whom no fold held out has been seen by everybody, and a
model that was tuned from another one has seen that one's patients, too. Patients and slides are
known by a salted hash, each with the salt of the model in which it was written first.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import pyarrow as pa

from healnet.bundle.reference import Reference, hash_case, is_salt
from healnet.data.case import Case
from healnet.exceptions import BundleError

_COLUMNS = ("hashed", "salt", "members")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedOn:
    """Cases and slides, one entry each.

    Attributes:
        hashed: Salted hash of a case id or of a slide.
        salt: What it is salted with, hexadecimal.
        members: Numbers of the members that have seen it.
    """

    hashed: tuple[str, ...] = ()
    salt: tuple[str, ...] = ()
    members: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of different length, or a salt that is none."""
        lengths = {len(getattr(self, name)) for name in _COLUMNS}
        if len(lengths) != 1 or not all(is_salt(one) for one in set(self.salt)):
            raise _refusal("its columns do not belong together")

    def __len__(self) -> int:
        """Return the number of cases and slides."""
        return len(self.hashed)

    def seen_by(self, case: Case) -> frozenset[int]:
        """Return the members that have seen this patient, by name or by one of the slides."""
        return frozenset().union(*map(self.members_of, identities(case)))

    def members_of(self, text: str) -> frozenset[int]:
        """Return the members that have seen a case id or the SHA-256 of a slide."""
        hashed = [(hash_case(text, salt=salt), salt) for salt in self._salts]
        return frozenset().union(*(self._members.get(one, frozenset()) for one in hashed))

    def inherited(self, num_members: int, *, num_parents: int) -> "TrainedOn":
        """Return what members know of these patients that start from members that saw them.

        Member i starts from parent i modulo the number of parents.
        """
        heirs = {
            parent: tuple(i for i in range(num_members) if i % num_parents == parent)
            for parent in range(num_parents)
        }
        members = tuple(
            tuple(sorted(heir for one in seen for heir in heirs[one])) for seen in self.members
        )
        return TrainedOn(hashed=self.hashed, salt=self.salt, members=members)

    def joined(self, other: "TrainedOn") -> "TrainedOn":
        """Return the entries of both."""
        return TrainedOn(
            hashed=(*self.hashed, *other.hashed),
            salt=(*self.salt, *other.salt),
            members=(*self.members, *other.members),
        )

    def refuse_unknown_members(self, num_members: int) -> None:
        """Refuse members that the model does not have.

        Raises:
            BundleError: ``MODEL-TRAINED-ON``.
        """
        if any(not 0 <= one < num_members for seen in self.members for one in seen):
            raise _refusal(f"it names a member beyond the {num_members} of the model")

    def to_bytes(self) -> bytes:
        """Return the bytes of a parquet file."""
        frame = pd.DataFrame(
            {
                "hashed": list(self.hashed),
                "salt": list(self.salt),
                "members": [" ".join(map(str, seen)) for seen in self.members],
            },
            dtype=object,
        )
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "TrainedOn":
        """Return what :meth:`to_bytes` wrote.

        Raises:
            BundleError: ``MODEL-TRAINED-ON`` if it is damaged or has other columns.
        """
        try:
            frame = pd.read_parquet(io.BytesIO(content), columns=list(_COLUMNS))
            return cls(
                hashed=tuple(str(value) for value in frame["hashed"]),
                salt=tuple(str(value) for value in frame["salt"]),
                members=tuple(tuple(map(int, str(cell).split())) for cell in frame["members"]),
            )
        except BundleError:
            raise
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise _refusal("it cannot be read") from error

    @classmethod
    def of_reference(cls, reference: Reference, num_members: int) -> "TrainedOn":
        """Return what a reference cohort says: all members but one have seen a patient."""
        entries = [
            (hashed, tuple(i for i in range(num_members) if i != fold))
            for fold, case, slides in zip(
                reference.fold.tolist(),
                reference.case_hash,
                reference.slide_hashes,
                strict=True,
            )
            for hashed in (case, *slides.split())
        ]
        return cls(
            hashed=tuple(hashed for hashed, _ in entries),
            salt=(reference.salt,) * len(entries),
            members=tuple(members for _, members in entries),
        )

    @cached_property
    def _salts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.salt))

    @cached_property
    def _members(self) -> dict[tuple[str, str], frozenset[int]]:
        found: dict[tuple[str, str], frozenset[int]] = {}
        for hashed, salt, seen in zip(self.hashed, self.salt, self.members, strict=True):
            found[hashed, salt] = found.get((hashed, salt), frozenset()) | frozenset(seen)
        return found


def identities(case: Case) -> tuple[str, ...]:
    """Return what a patient is recognised by: the case id, and the hash of every slide."""
    return (case.case_id, *slide_hashes(case))


def slide_hashes(case: Case) -> tuple[str, ...]:
    """Return the SHA-256 of every slide of a case that has one."""
    found = (slide.slide_sha256 or slide.source_sha256 for slide in case.slides)
    return tuple(one for one in found if one)


def hash_entries(cases: Iterable[tuple[Case, tuple[int, ...]]], *, salt: str) -> TrainedOn:
    """Return the entries of patients, given the members that have seen each."""
    entries = [
        (hash_case(text, salt=salt), seen)
        for case, seen in cases
        if seen
        for text in identities(case)
    ]
    return TrainedOn(
        hashed=tuple(hashed for hashed, _ in entries),
        salt=(salt,) * len(entries),
        members=tuple(seen for _, seen in entries),
    )


def _refusal(what: str) -> BundleError:
    return BundleError(
        f"the list of the patients the model was trained on is not usable: {what}",
        code="MODEL-TRAINED-ON",
        where="trained_on.parquet",
        why="a patient the model has learned could be taken for a new one",
        fix="copy the model folder again, or train it again",
    )
