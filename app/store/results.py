"""Headlines of predictions, found by the hash of everything that made them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.database import ResultRow


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What the worklist shows of a prediction; ``model_key`` changes with the model."""

    case_id: str
    model_key: str
    risk: float
    percentile: float
    group: str
    num_warnings: int = 0


@dataclass(frozen=True)
class ResultStore:
    """The headlines of one workspace."""

    engine: Engine

    def remember(self, key: str, headline: Headline) -> None:
        """Store a headline under the hash of its inputs, once."""
        with Session(self.engine) as session, session.begin():
            session.merge(
                ResultRow(
                    key=key,
                    case_id=headline.case_id,
                    model_key=headline.model_key,
                    risk=headline.risk,
                    percentile=headline.percentile,
                    group=headline.group,
                    num_warnings=headline.num_warnings,
                )
            )

    def has(self, key: str) -> bool:
        """Return whether there is a headline under this hash."""
        with Session(self.engine) as session:
            return session.get(ResultRow, key) is not None

    def of_case(self, case_id: str, model_key: str) -> Headline | None:
        """Return the latest headline of a case from this very model, or None."""
        query = (
            select(ResultRow)
            .where(ResultRow.case_id == case_id, ResultRow.model_key == model_key)
            .order_by(ResultRow.created.desc())
        )
        with Session(self.engine) as session:
            row = session.scalars(query).first()
            if row is None:
                return None
            return Headline(
                case_id=row.case_id,
                model_key=row.model_key,
                risk=row.risk,
                percentile=row.percentile,
                group=row.group,
                num_warnings=row.num_warnings,
            )

    def drop_case(self, case_id: str) -> None:
        """Forget the headlines of a case, e.g. because its files have changed."""
        with Session(self.engine) as session, session.begin():
            for row in session.scalars(select(ResultRow).where(ResultRow.case_id == case_id)):
                session.delete(row)


def result_key(
    *, case_id: str, input_hashes: Sequence[str], model_sha256: str, code_version: str
) -> str:
    """Return the hash under which a result is cached: change anything and it is another.

    Args:
        case_id: The case that the result belongs to.
        input_hashes: One per input, each with its role, e.g. ``"rna:ab12..."``.
        model_sha256: Hash of the model folder.
        code_version: Version of this software.
    """
    parts = [case_id, *sorted(input_hashes), model_sha256, code_version]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
