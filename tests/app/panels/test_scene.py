"""What the viewer is told beside the slide."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import models
from app.models import SYNTHETIC_MODEL, SYNTHETIC_STUDY
from app.panels.scene import TITLES, _banner, subtitle_of
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from app.viewer.messages import RESEARCH_ONLY
from healnet.explain.prediction import RISK, MapMethod, PatchMap


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


@pytest.mark.parametrize(
    ("method", "member", "subtitle"),
    [
        ("perturbation", None, "by leaving patches out"),
        ("gradient", None, "by gradient"),
        ("gradient", 1, "by gradient, model 2"),
    ],
)
def test_a_signed_map_is_named_by_what_its_sign_says(
    method: MapMethod, member: int | None, subtitle: str
) -> None:
    values = np.array([-1.0, 2.0], dtype=np.float32)
    one = PatchMap(method=method, values=values, unit=RISK, signed=True, member=member)

    assert TITLES[method] == "What raised or lowered the risk"
    assert subtitle_of(one) == subtitle


def test_patches_that_were_left_out_together_are_said_to_share_a_value() -> None:
    values = np.arange(12, dtype=np.float32)
    one = PatchMap(method="perturbation", values=values, unit=RISK, signed=True, num_regions=3)

    assert subtitle_of(one) == "by leaving patches out, in 3 squares of 4 or so"
    assert subtitle_of(replace(one, num_regions=12)) == "by leaving patches out"
