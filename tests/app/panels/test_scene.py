"""What the viewer is told beside the slide."""

from pathlib import Path

import pytest

from app import models
from app.models import SYNTHETIC_MODEL, SYNTHETIC_STUDY
from app.panels.scene import _banner
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from app.viewer.messages import RESEARCH_ONLY


def make_case(origin: str) -> CaseRecord:
    return CaseRecord(id="c", title="c", tumour="", origin=origin, files=())  # type: ignore[arg-type]


def install(workspace: Workspace, *, is_synthetic: bool) -> None:
    folder = workspace.settings.demo / "model"
    folder.mkdir(parents=True)
    flag = "true" if is_synthetic else "false"
    (folder / "card.json").write_text(f'{{"name": "m", "is_synthetic": {flag}}}')


@pytest.mark.parametrize(
    ("origin", "is_synthetic", "chip"),
    [
        ("built-in", True, f" {SYNTHETIC_STUDY}."),
        ("own", True, f" {SYNTHETIC_MODEL}."),
        ("own", False, ""),
    ],
)
def test_saved_pictures_say_what_is_synthetic(
    workspace: Workspace, origin: str, is_synthetic: bool, chip: str
) -> None:
    install(workspace, is_synthetic=is_synthetic)

    assert _banner(workspace, make_case(origin)) == f"{RESEARCH_ONLY}{chip}"


def test_without_a_model_nothing_is_called_synthetic(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert not (tmp_path / "demo").exists()
    assert models.synthetic_chip(workspace, is_study=False) == ""
