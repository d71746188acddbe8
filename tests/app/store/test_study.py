"""The shipped study is read where it lies."""

import json
from pathlib import Path

import pytest

from app.store.study import BuiltInStudy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("SYN-1", "SYN-2", "SYN-3"):
        case = tmp_path / "cases" / name
        case.mkdir(parents=True)
        (case / "clinical.csv").write_text(f"case_id,age\n{name},61\n")
    for name in ("slide.svs", "features.h5", "truth.geojson"):
        (tmp_path / "cases" / "SYN-2" / name).write_bytes(b"x")
    facts = {
        "tumour": "Synthetic adenocarcinoma",
        "cases": [
            {"case_id": "SYN-2", "title": "Higher risk"},
            {"case_id": "SYN-1", "title": "Lower risk"},
        ],
    }
    (tmp_path / "study.json").write_text(json.dumps(facts))
    return tmp_path


def test_cases_come_in_the_order_of_the_study_others_after_them(folder: Path) -> None:
    cases = BuiltInStudy(folder).list()

    assert [(case.id, case.note) for case in cases] == [
        ("SYN-2", "Higher risk"),
        ("SYN-1", "Lower risk"),
        ("SYN-3", ""),
    ]
    assert {case.tumour for case in cases} == {"Synthetic adenocarcinoma"}
    assert {case.origin for case in cases} == {"built-in"}


def test_files_get_their_roles_and_tables_their_row(folder: Path) -> None:
    case = BuiltInStudy(folder).find("SYN-2")

    assert [file.role for file in case.files] == ["slide", "features", "clinical"]
    assert [table.row_key for table in case.tables] == ["SYN-2"]
    assert case.truth == folder / "cases" / "SYN-2" / "truth.geojson"


def test_a_file_is_found_by_its_id(folder: Path) -> None:
    study = BuiltInStudy(folder)
    slide = study.find("SYN-2").slides[0]

    assert study.find_file(slide.id) == (study.find("SYN-2"), slide)
    assert study.find_file("study-SYN-2-../slide") is None


def test_without_a_study_there_is_nothing(tmp_path: Path) -> None:
    study = BuiltInStudy(tmp_path / "none")

    assert (study.list(), study.facts(), study.model_folder) == ((), {}, None)
