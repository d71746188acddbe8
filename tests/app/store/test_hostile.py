"""Hostile files at the app's door: a case, or a refusal in words; never anything else."""

import shutil
from pathlib import Path

import pytest

from app.reading import read_case
from app.store import intake
from app.store.workspace import Workspace
from app.tiles.uploads import SUFFIXES
from healnet.exceptions import HealNetError, Notice

pytestmark = pytest.mark.slow


def admit(workspace: Workspace, path: Path, name: str) -> Notice | None:
    """Return the refusal of a file, or None if it became a case."""
    try:
        intake.admit_slide(workspace, path, name=name)
    except HealNetError as error:
        return error.to_notice()
    return None


def test_hostile_slides_become_a_case_or_a_refusal(
    workspace: Workspace, test_data: Path, tmp_path: Path
) -> None:
    hostile = sorted((test_data / "hostile").iterdir())
    found = [path for path in hostile if path.suffix.lower() in SUFFIXES]
    copies = [
        Path(shutil.copy(path, tmp_path / f"{number}-copy{path.suffix}"))
        for number, path in enumerate(found)
    ]

    refusals = [
        (copy, refusal)
        for copy, path in zip(copies, found, strict=True)
        if (refusal := admit(workspace, copy, path.name)) is not None
    ]

    assert refusals
    for copy, refusal in refusals:
        assert refusal.code
        assert refusal.why or refusal.fix
        told = " ".join(refusal.to_dict().values())
        assert str(tmp_path) not in told
        assert copy.name not in told  # the user's name for the file, never the one on the disk
    actions = [line["action"] for line in workspace.audit.lines()]
    assert actions.count("slide refused") == len(refusals)
    cases = workspace.own.list()
    assert len(cases) == len(found) - len(refusals)
    for case in cases:  # what was admitted can be looked at, whatever the model says
        read = read_case(workspace, case)
        assert read.properties is not None or read.slide_problem is not None
