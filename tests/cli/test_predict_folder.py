"""``predict --out`` replaces what an earlier prediction wrote, and nothing else."""

from pathlib import Path

import pytest

from healnet.data.cohort import Cohort
from tests.cli.test_commands import healnet, tables

__all__ = ["tables"]


@pytest.mark.parametrize(
    "name", ["report.html", "heatmap.geojson", "heatmap_7.geojson", "README.txt", "result.json"]
)
def test_a_file_of_somebody_else_is_refused_and_kept(
    model_folder: Path,
    tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / name).write_text("mine")

    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--omics", tables / "new_rna.csv"
    )

    assert code == 2
    assert "PREDICT-FOLDER" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "p").iterdir()] == [name]
    assert (tmp_path / "p" / name).read_text() == "mine"


def test_what_only_looks_like_ours_stays(
    model_folder: Path, tables: Path, cohort: Cohort, tmp_path: Path
) -> None:
    out = tmp_path / "p"
    features = [patient.features[0] for patient in cohort.patients[:2]]
    healnet("predict", model_folder, "--out", out, "--case", "NEW", "--features", *features)
    for name in ("heatmap_of_mine.geojson", "notes.txt"):
        (out / name).write_text("mine")

    code = healnet("predict", model_folder, "--out", out, "--omics", tables / "new_rna.csv")

    assert code == 0
    assert (out / "heatmap_of_mine.geojson").read_text() == "mine"
    assert not (out / "heatmap_2.geojson").exists()
    assert (out / "notes.txt").exists()


def test_a_prediction_that_was_cut_short_is_written_again(
    model_folder: Path, tables: Path, tmp_path: Path
) -> None:
    out, row = tmp_path / "p", tables / "new_rna.csv"
    healnet("predict", model_folder, "--out", out, "--omics", row)
    for name in ("result.json", "README.txt"):
        (out / name).unlink()

    assert healnet("predict", model_folder, "--out", out, "--omics", row) == 0
    assert (out / "result.json").exists()
