"""From the files on the command line to a case: nothing is replaced or overruled in silence."""

import json
from pathlib import Path

import pandas as pd
import pytest

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
