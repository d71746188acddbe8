"""The audit trail: append-only, each line chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.database import AuditRow, now

FIRST = "0" * 64


@dataclass(frozen=True)
class AuditTrail:
    """The audit trail of one workspace."""

    engine: Engine

    def append(self, action: str, facts: Mapping[str, object]) -> int:
        """Add one line and return its sequence number.

        Args:
            action: What was done: "prediction", "case added", "refused".
            facts: JSON-able values: hashes, versions, codes. No names, no paths.
        """
        body = {"time": now().isoformat(), "action": action, **facts}
        line = json.dumps(body, sort_keys=True)
        with Session(self.engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            last = session.scalars(select(AuditRow).order_by(AuditRow.sequence.desc())).first()
            previous = FIRST if last is None else last.digest
            row = AuditRow(line=line, previous=previous, digest=_digest(previous, line))
            session.add(row)
            session.flush()
            sequence = row.sequence
            session.commit()
        return sequence

    def lines(self) -> tuple[Mapping[str, object], ...]:
        """Return every line in order."""
        with Session(self.engine) as session:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.sequence))
            return tuple({"sequence": row.sequence, **json.loads(row.line)} for row in rows)

    def first_break(self) -> int | None:
        """Return the sequence number of the first line that was cut or edited, or None."""
        previous, expected = FIRST, 1
        with Session(self.engine) as session:
            for row in session.scalars(select(AuditRow).order_by(AuditRow.sequence)):
                is_whole = row.previous == previous and row.digest == _digest(
                    previous, row.line
                )
                if row.sequence != expected or not is_whole:
                    return expected
                previous, expected = row.digest, expected + 1
        return None


def _digest(previous: str, line: str) -> str:
    return hashlib.sha256(f"{previous}\n{line}".encode()).hexdigest()
