"""The audit trail: complete, in order, and every change to it is found."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.store.database import AuditRow
from app.store.workspace import Workspace


def test_lines_come_back_in_order(workspace: Workspace) -> None:
    for number in range(3):
        workspace.audit.append("prediction", {"number": number})

    lines = workspace.audit.lines()

    assert [line["number"] for line in lines] == [0, 1, 2]
    assert [line["sequence"] for line in lines] == [1, 2, 3]
    assert workspace.audit.first_break() is None


def test_lines_written_at_once_by_many_threads_stay_chained(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: workspace.audit.append("prediction", {"n": n}), range(40)))

    assert len(workspace.audit.lines()) == 40
    assert workspace.audit.first_break() is None


@pytest.mark.parametrize("sequence", [1, 3, 5])
def test_an_edited_line_is_found(workspace: Workspace, sequence: int) -> None:
    for number in range(5):
        workspace.audit.append("prediction", {"risk": number})

    with Session(workspace.engine) as session, session.begin():
        session.execute(
            update(AuditRow).where(AuditRow.sequence == sequence).values(line='{"risk": 9}')
        )

    assert workspace.audit.first_break() == sequence


def test_a_cut_line_is_found(workspace: Workspace) -> None:
    for number in range(4):
        workspace.audit.append("prediction", {"risk": number})

    with Session(workspace.engine) as session, session.begin():
        session.delete(session.get(AuditRow, 2))

    assert workspace.audit.first_break() == 2
