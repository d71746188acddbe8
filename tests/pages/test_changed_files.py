"""Files that were replaced or lost under a case: nothing of one patient over another."""

import shutil
from pathlib import Path

import pytest

from app.predictions import cache
from app.reading import read_case
from app.store.cases import NewFile
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from healnet.data.feature_store import read_features, write_features
from tests.pages.conftest import OpenPage, markup_of, words


@pytest.fixture
def shown(study: Workspace) -> tuple[CaseRecord, CaseRecord]:
    """Two showcase cases with a slide."""
    first, second = [case for case in study.study.list() if case.slides][:2]
    return first, second


@pytest.fixture
def case_id(study: Workspace, shown: tuple[CaseRecord, CaseRecord], tmp_path: Path) -> str:
    """An own case with slide and stored patches, as an analysis leaves it."""
    slide = Path(shutil.copy(shown[0].slides[0].path, tmp_path / "scan.svs"))
    case_id = study.own.add(title="Scan", files=(NewFile(role="slide", path=slide),))
    attach(study, case_id, Path(shutil.copy(shown[0].features[0].path, tmp_path / "scan.h5")))
    return case_id


def attach(study: Workspace, case_id: str, features: Path, *, mpp: float | None = None) -> None:
    slide = study.case(case_id).slides[0]
    made = NewFile(
        role="features",
        path=features,
        row_key=slide.id,
        state=slide.state,
        made_from=read_features(features).slide_sha256 or "",
    )
    study.own.attach_features(case_id, made, slide_mpp=mpp)


def add_table(study: Workspace, case_id: str, shown: CaseRecord, tmp_path: Path) -> Path:
    table = next(file for file in shown.tables if file.role == "rna")
    path = Path(shutil.copy(table.path, tmp_path / "rna.csv"))
    study.own.attach(case_id, NewFile(role="rna", path=path, row_key=table.row_key))
    return path


def test_an_untouched_slide_has_its_result(study: Workspace, case_id: str) -> None:
    read = read_case(study, study.case(case_id))

    assert read.slide_state == "ready"
    assert read.prediction.modalities_used == ("slide",)
    assert read.slide_notices == ()


def test_another_patients_slide_under_the_same_name_shows_nothing(
    open_page: OpenPage,
    study: Workspace,
    case_id: str,
    shown: tuple[CaseRecord, CaseRecord],
    tmp_path: Path,
) -> None:
    add_table(study, case_id, shown[0], tmp_path)
    assert "percentile" in markup_of(open_page("case", case=case_id), "prognosis")
    shutil.copy(shown[1].slides[0].path, study.case(case_id).slides[0].path)

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "SLIDE-CHANGED" in words(page)
    assert "scan.svs" in words(page)
    assert not page.get("bidi_component")  # neither slide nor map nor estimate
    read = read_case(study, study.case(case_id))
    assert (read.prediction, read.properties, read.slide_state) == (None, None, "refused")


def test_stored_patches_answer_for_a_slide_that_is_gone_and_say_so(
    open_page: OpenPage, study: Workspace, case_id: str
) -> None:
    study.case(case_id).slides[0].path.unlink()

    shown = markup_of(open_page("case", case=case_id), "prognosis")

    assert "The slide file cannot be opened now; its stored patches were used." in shown
    assert "has not been read" not in shown


def test_lost_patches_are_told_and_can_be_made_again(
    open_page: OpenPage, study: Workspace, case_id: str
) -> None:
    study.case(case_id).features[0].path.unlink()

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "FEATURES-GONE" in words(page)
    assert "Analyse" in [button.label for button in page.button]


def test_patches_of_another_scale_are_not_used(
    study: Workspace, case_id: str, tmp_path: Path
) -> None:
    study.own.state_pixel_size(case_id, 0.4)
    attach(study, case_id, tmp_path / "scan.h5", mpp=0.4)  # they were cut at 0.5

    read = read_case(study, study.case(case_id))

    assert (read.slide_state, read.prediction) == ("not_analysed", None)
    assert [notice.code for notice in read.slide_notices] == ["FEATURES-SCALE"]


def test_patches_of_another_slide_are_not_used(
    study: Workspace, case_id: str, shown: tuple[CaseRecord, CaseRecord], tmp_path: Path
) -> None:
    other = read_features(shown[1].features[0].path)
    write_features(tmp_path / "scan.h5", other)

    read = read_case(study, study.case(case_id))

    assert (read.slide_state, read.prediction) == ("not_analysed", None)
    assert [notice.code for notice in read.slide_notices] == ["FEATURES-UNTRACED"]


def test_a_table_that_is_gone_is_told_and_can_be_removed(
    open_page: OpenPage,
    study: Workspace,
    case_id: str,
    shown: tuple[CaseRecord, CaseRecord],
    tmp_path: Path,
) -> None:
    add_table(study, case_id, shown[0], tmp_path).unlink()

    page = open_page("case", case=case_id)
    before = words(page)
    next(button for button in page.button if button.key.startswith("remove-")).click().run()

    assert not page.exception
    assert "TABLE-GONE" in before
    assert study.case(case_id).tables == ()
    assert read_case(study, study.case(case_id)).prediction is not None


def test_a_change_that_is_taken_back_brings_the_headline_back(
    study: Workspace, case_id: str
) -> None:
    key = read_case(study, study.case(case_id)).result_key
    assert study.results.has(key)
    study.results.drop_case(case_id)

    again = read_case(study, study.case(case_id))

    assert again.result is cache()._kept[key]
    assert study.results.has(key)
