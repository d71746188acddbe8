"""Where files are written: never over something else, never in place of a device."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from healnet.data.cohort import Cohort
from healnet.exceptions import TrainingError
from healnet.train import train_model
from tests.cli.test_commands import healnet, tables
from tests.train.planted import RECIPE

__all__ = ["tables"]


@pytest.fixture
def folder(model_folder: Path, tables: Path, tmp_path: Path) -> Path:
    """A prediction."""
    healnet("predict", model_folder, "--out", tmp_path / "p", "--omics", tables / "new_rna.csv")
    return tmp_path / "p"


@pytest.mark.parametrize("name", ["result.json", "explanation.json", "attention.csv"])
def test_an_export_does_not_replace_what_it_is_made_from(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / name).read_bytes()

    code = healnet("export", folder, "--format", "html", "--out", folder / name)

    assert code == 2
    assert "EXPORT-OVER-PREDICTION" in capsys.readouterr().err
    assert (folder / name).read_bytes() == before


def test_a_report_beside_the_prediction_may_be_made_anew(folder: Path) -> None:
    out = folder / "report.html"

    assert healnet("export", folder, "--format", "html", "--out", out) == 0
    assert healnet("export", folder, "--format", "html", "--out", out) == 0


def test_a_prediction_is_not_written_into_a_model(
    model_folder: Path,
    tables: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(model_folder.iterdir())

    code = healnet(
        "predict", model_folder, "--out", model_folder, "--omics", tables / "new_rna.csv"
    )

    assert code == 2
    assert "PREDICT-FOLDER" in capsys.readouterr().err
    assert sorted(model_folder.iterdir()) == before


def test_a_study_is_not_drawn_over_a_cohort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cohort.csv").write_text("case_id,time_months,event\nA,1,1\n")

    code = healnet("demo", "--out", tmp_path, "--patients", "1")

    assert code == 2
    assert "STUDY-FOLDER" in capsys.readouterr().err
    assert (tmp_path / "cohort.csv").read_text().endswith("A,1,1\n")


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
@pytest.mark.parametrize("make", [os.mkfifo, make_folder])
def test_a_pipe_or_a_folder_is_not_replaced_by_a_file(
    folder: Path,
    tmp_path: Path,
    make: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = tmp_path / "there"
    make(place)

    code = healnet("export", folder, "--format", "csv", "--out", place)

    assert code == 2
    assert "FILE-KIND" in capsys.readouterr().err
    assert place.exists()
    assert not place.is_file()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--mpp", "-1", "'-1' is not a number above 0, at most"),
        ("--mpp", "fine", "'fine' is not a number above 0, at most"),
        ("--patch", "0", "'0' is not a whole number from 1 to"),
        ("--patch", "2.5", "'2.5' is not a whole number from 1 to"),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(
    tmp_path: Path, option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = healnet("encode", tmp_path, "--out", tmp_path / "f", f"{option}={value}")

    assert code == 2
    assert said in capsys.readouterr().err


def test_a_prediction_of_another_case_is_not_replaced(
    folder: Path,
    model_folder: Path,
    tables: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (folder / "result.json").read_bytes()
    table = tables / "rna.csv"

    code = healnet(
        "predict", model_folder, "--out", folder, "--omics", f"rna={table}", "--case", "P001"
    )

    assert code == 2
    assert "PREDICT-FOLDER" in capsys.readouterr().err
    assert (folder / "result.json").read_bytes() == before


def test_a_finished_model_is_not_trained_over(cohort: Cohort, model_folder: Path) -> None:
    before = (model_folder / "manifest.json").read_bytes()

    with pytest.raises(TrainingError) as refused:
        train_model(cohort, recipe=RECIPE, out_dir=model_folder)

    assert refused.value.code == "TRAIN-DONE"
    assert (model_folder / "manifest.json").read_bytes() == before
