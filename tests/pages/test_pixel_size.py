"""A slide that does not state its pixel size: asked for, remembered, marked."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.reading import read_case
from app.store.cases import NewFile
from app.store.workspace import Workspace
from tests.pages.conftest import OpenPage, words


@pytest.fixture
def case_id(study: Workspace, tmp_path: Path) -> str:
    path = tmp_path / "no-size.tiff"
    pixels = np.random.default_rng(0).integers(90, 220, (1024, 1024, 3), dtype=np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb")
    return study.own.add(title="No size", files=(NewFile(role="slide", path=path),))


def state_value(page: object, value: float, *, unit: str = "um per pixel") -> None:
    page.radio[0].set_value(unit)  # type: ignore[attr-defined]
    page.number_input[0].set_value(value)  # type: ignore[attr-defined]
    buttons = page.button  # type: ignore[attr-defined]
    next(button for button in buttons if button.label == "Use this value").click().run()


def test_the_page_asks_and_does_not_guess(open_page: OpenPage, case_id: str) -> None:
    page = open_page("case", case=case_id)

    assert not page.exception
    assert "This file does not state its pixel size." in words(page)
    assert "Analyse" not in [button.label for button in page.button]


@pytest.mark.parametrize(
    ("value", "unit", "mpp"),
    [(0.42, "um per pixel", 0.42), (40.0, "scan magnification", 0.25)],
)
def test_the_stated_size_is_remembered_and_marked(
    open_page: OpenPage, study: Workspace, case_id: str, value: float, unit: str, mpp: float
) -> None:
    page = open_page("case", case=case_id)

    state_value(page, value, unit=unit)

    assert not page.exception
    read = read_case(study, study.case(case_id))
    assert (read.properties.mpp, read.properties.mpp_source) == (pytest.approx(mpp), "user")
    assert read.slide_state == "not_analysed"
    assert "Analyse" in [button.label for button in page.button]
    assert f"{mpp:g} um/px (user)" in words(page)


def test_a_size_that_no_scanner_has_is_refused(
    open_page: OpenPage, study: Workspace, case_id: str
) -> None:
    page = open_page("case", case=case_id)

    state_value(page, 0.0)

    assert not page.exception
    assert "SLIDE-MPP-IMPLAUSIBLE" in words(page)
    assert study.case(case_id).slide_mpp is None
