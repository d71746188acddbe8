"""``healnet evaluate`` says what was noticed, and leaves no slide out in silence."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_commands import healnet, tables

__all__ = ["tables"]


@pytest.mark.slow
def test_what_was_noticed_about_the_cohort_is_said_and_written(
    model_folder: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rna = pd.read_csv(tables / "rna.csv").iloc[:40]
    rna.to_csv(tmp_path / "rna.csv", index=False)

    code = healnet(
        "evaluate", model_folder, tables / "cohort.csv", "--out", tmp_path / "eval",
        "--omics", f"rna={tmp_path / 'rna.csv'}",
    )  # fmt: skip

    assert code == 0
    assert "warning [COHORT-OVERLAP] 40 of 48 patients" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "eval" / "metrics.json").read_text())
    assert [warning["code"] for warning in metrics["warnings"]] == ["COHORT-OVERLAP"]


def test_slides_that_nobody_encoded_are_refused(
    model_folder: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(tables / "cohort.csv").drop(columns="features")
    frame["slides"] = ["a.svs", *[""] * (len(frame) - 1)]
    (tmp_path / "a.svs").write_bytes(b"x")
    frame.to_csv(tmp_path / "cohort.csv", index=False)

    code = healnet(
        "evaluate", model_folder, tmp_path / "cohort.csv", "--out", tmp_path / "eval"
    )

    assert code == 2
    assert "TRAIN-NOT-ENCODED" in capsys.readouterr().err
    assert not (tmp_path / "eval").exists()


def test_what_was_said_of_patients_is_counted_once_a_code(
    model_folder: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rna = pd.read_csv(tables / "rna.csv")
    rna.iloc[:40, 1:] *= 1e5
    rna.to_csv(tmp_path / "rna.csv", index=False)
    frame = pd.read_csv(tables / "cohort.csv").drop(columns="age")
    frame.to_csv(tmp_path / "cohort.csv", index=False)

    code = healnet(
        "evaluate", model_folder, tmp_path / "cohort.csv", "--out", tmp_path / "eval",
        "--omics", f"rna={tmp_path / 'rna.csv'}",
    )  # fmt: skip

    said = capsys.readouterr().err
    metrics = json.loads((tmp_path / "eval" / "metrics.json").read_text())
    counted = {one["code"]: one["patients"] for one in metrics["patient_warnings"]}
    assert code == 0
    assert counted["OMICS-RANGE"] == 40
    assert said.count("warning [OMICS-RANGE]") == 1
    assert "40 of 48 patients, the first: " in said
    assert [one["code"] for one in metrics["warnings"]] == ["COHORT-LACKS"]
    assert "no patient has clinical" in said
