"""From the files on the command line to a case: nothing is replaced or overruled in silence."""

import json
from pathlib import Path

import pandas as pd
import pytest

from app.settings import ROOT
from healnet.data.cohort import Cohort
from tests.cli.test_commands import healnet, tables

__all__ = ["tables"]


def warnings_of(folder: Path) -> dict[str, str]:
    result = json.loads((folder / "result.json").read_text())
    return {warning["code"]: warning["what"] for warning in result["warnings"]}


def test_two_tables_of_one_modality_are_refused(
    model_folder: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--case", "NEW",
        "--omics", tables / "new_rna.csv", f"rna={tables / 'rna.csv'}",
    )  # fmt: skip

    assert code == 2
    assert "CASE-DOUBLE-TABLE] rna.csv: rna is in new_rna.csv and in rna.csv" in (
        capsys.readouterr().err
    )


def test_a_table_of_a_modality_that_the_model_lacks_is_said_to_be_unused(
    model_folder: Path, tables: Path, tmp_path: Path
) -> None:
    pd.DataFrame([{"case_id": "NEW", "TP53_cnv": 1, "MYC_cnv": 2}]).to_csv(
        tmp_path / "cnv.csv", index=False
    )

    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p",
        "--omics", tables / "new_rna.csv", tmp_path / "cnv.csv",
    )  # fmt: skip

    assert code == 0
    assert warnings_of(tmp_path / "p")["CASE-UNUSED"].startswith("the model does not take cnv")


def test_a_pixel_size_given_by_hand_overrules_feature_files_and_is_marked(
    model_folder: Path, cohort: Cohort, tmp_path: Path
) -> None:
    features = cohort.patients[0].features[0]
    stated = cohort.case(cohort.case_ids[0]).slides[0].mpp

    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--features", features,
        "--slide-mpp", stated * 1.1,
    )  # fmt: skip

    assert code == 0
    said = warnings_of(tmp_path / "p")
    assert said["SLIDE-MPP-USER"] == (
        f"{stated * 1.1:g} um per pixel was given by hand; the file states {stated:g}"
    )
    assert "FEATURES-SCALE" in said


def test_a_hole_in_another_patients_row_is_not_said_of_this_one(
    model_folder: Path,
    tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = (tables / "rna.csv").read_text().splitlines()
    other = lines[2].split(",")
    lines[2] = ",".join([other[0], "", *other[2:]])
    (tmp_path / "rna.csv").write_text("\n".join(lines))
    mine, theirs = (line.split(",")[0] for line in lines[1:3])

    for case in (mine, theirs):
        healnet(
            "predict", model_folder, "--out", tmp_path / case, "--case", case,
            "--omics", f"rna={tmp_path / 'rna.csv'}",
        )  # fmt: skip

    assert "TABLE-MISSING" not in capsys.readouterr().err


def test_a_table_that_does_not_fit_is_refused_before_the_slide_is_encoded(
    tmp_path: Path, test_data: Path
) -> None:
    (tmp_path / "rna.csv").write_text("case_id,NOT_A_GENE\nP1,1\n")
    demo = ROOT / "assets" / "demo" / "model"

    code = healnet(
        "predict", demo, "--out", tmp_path / "p", "--omics", f"rna={tmp_path / 'rna.csv'}",
        "--slide", test_data / "slides" / "CMU-1-Small-Region.svs",
    )  # fmt: skip

    assert code == 2
    assert not (tmp_path / "p").exists()
