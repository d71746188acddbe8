"""The commands, from files to files, as a researcher runs them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from healnet.cli.entry import run
from healnet.data.cohort import Cohort
from healnet.explain.result_json import RESULT_KEYS

FILES = {
    "result.json",
    "context.json",
    "explanation.json",
    "attention.csv",
    "attributions.csv",
    "heatmap.geojson",
    "README.txt",
}


@pytest.fixture(scope="session")
def tables(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted cohort as a researcher has it: COHORT.csv, rna.csv, feature files."""
    folder = tmp_path_factory.mktemp("tables")
    rows = [
        {
            "case_id": one.case_id,
            "time_months": one.time_months,
            "event": int(one.event),
            "features": ";".join(map(str, one.features)),
            "age": cohort.tables["clinical"].loc[one.case_id, "age"],
        }
        for one in cohort.patients
    ]
    pd.DataFrame(rows).to_csv(folder / "cohort.csv", index=False)
    cohort.tables["rna"].rename_axis("case_id").to_csv(folder / "rna.csv")
    cohort.tables["clinical"].rename_axis("case_id").to_csv(folder / "clinical.csv")
    one_row = cohort.tables["rna"].loc[["P000"]].rename(index={"P000": "NEW"})
    one_row.rename_axis("case_id").to_csv(folder / "new_rna.csv")
    return folder


def healnet(*arguments: object) -> int:
    return run([str(argument) for argument in arguments])


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.strip().splitlines()[-1]


@pytest.mark.slow
def test_train_then_evaluate(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "recipe.yaml"
    config.write_text(
        "folds: 2\nepochs: 2\nreplicates: 100\nmodel: {latent_dim: 16, num_latents: 4}\n"
    )
    model, omics = tmp_path / "model", f"rna={tables / 'rna.csv'}"

    code = healnet(
        "train", tables / "cohort.csv", "--out", model, "--config", config, "--omics", omics
    )
    said = capsys.readouterr().out
    evaluated = healnet(
        "evaluate", model, tables / "cohort.csv", "--out", tmp_path / "eval", "--omics", omics
    )

    assert (code, evaluated) == (0, 0)
    assert "held-out concordance" in said
    assert said.strip().splitlines()[-1] == str(model)
    written = {path.name for path in model.iterdir()}
    assert written == {
        "model.safetensors", "config.json", "reference.parquet", "trained_on.parquet",
        "card.json", "manifest.json",
        "metrics.json", "metrics.jsonl", "folds.csv",
    }  # fmt: skip
    assert last_line(capsys) == str(tmp_path / "eval")
    with (tmp_path / "eval" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["was_in_training"] for row in rows} == {"1"}
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["patients"] == 48


def test_predict_writes_every_file_of_the_contract(
    model_folder: Path,
    tables: Path,
    cohort: Cohort,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    features = cohort.patients[0].features[0]

    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--case", "P000", "--report",
        "--features", features, "--omics", f"rna={tables / 'rna.csv'}",
        "--clinical", tables / "clinical.csv",
    )  # fmt: skip

    assert code == 0
    assert last_line(capsys) == str(tmp_path / "p")
    assert {path.name for path in (tmp_path / "p").iterdir()} == FILES | {"report.html"}
    result = json.loads((tmp_path / "p" / "result.json").read_text())
    assert tuple(result) == RESULT_KEYS
    assert result["case_id"] == "P000"
    assert result["modalities_used"] == ["slide", "rna", "clinical"]
    assert "CASE-IN-TRAINING" in {warning["code"] for warning in result["warnings"]}


def test_the_modality_of_a_table_is_found_by_its_names_and_the_case_by_its_only_row(
    model_folder: Path, tables: Path, tmp_path: Path
) -> None:
    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--omics", tables / "new_rna.csv"
    )

    result = json.loads((tmp_path / "p" / "result.json").read_text())
    assert code == 0
    assert result["case_id"] == "NEW"
    assert result["modalities_used"] == ["rna"]
    assert json.loads((tmp_path / "p" / "heatmap.geojson").read_text())["features"] == []


def test_a_row_with_endings_is_split_into_its_tables(
    model_folder: Path, tmp_path: Path
) -> None:
    row = {"case_id": "X1", **{f"g{i}_rnaseq": 0.5 for i in range(6)}, "age": 70, "TP53_mut": 1}
    pd.DataFrame([row]).to_csv(tmp_path / "row.csv", index=False)

    code = healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--omics", tmp_path / "row.csv"
    )

    result = json.loads((tmp_path / "p" / "result.json").read_text())
    assert code == 0
    assert result["modalities_used"] == ["rna", "clinical"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("--omics", "rna={t}/rna.csv"), "CASE-UNDECIDED", id="which row"),
        pytest.param(
            ("--omics", "rna={t}/rna.csv", "--case", "Q9"), "CASE-UNKNOWN", id="no row"
        ),
        pytest.param(
            ("--omics", "{t}/new_rna.csv", "--clinical", "{t}/clinical.csv", "--case", "P000"),
            "CASE-UNKNOWN",
            id="a table of another patient",
        ),
        pytest.param(("--omics", "{t}/cohort.csv", "--case", "P000"), "", id="age is enough"),
        pytest.param(("--case", "P000"), "MODEL-NO-INPUT", id="a patient with nothing"),
        pytest.param(("--slide", "{t}/rna.csv"), "ENCODER-UNKNOWN", id="an encoder nobody has"),
        pytest.param(
            ("--features", "{t}/rna.csv"), "FEATURES-FILE", id="features that are text"
        ),
    ],
)
def test_a_case_that_cannot_be_decided_is_refused(
    model_folder: Path,
    tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: str,
) -> None:
    given = [argument.format(t=tables) for argument in arguments]

    exit_code = healnet("predict", model_folder, "--out", tmp_path / "p", "--json", *given)

    said = capsys.readouterr()
    if not code:
        assert exit_code == 0
        return
    assert exit_code == 2
    error = json.loads(said.err.strip().splitlines()[-1])["error"]
    assert error["code"].startswith(code)
    assert str(tables) not in said.err
    assert not (tmp_path / "p" / "result.json").exists()


def test_a_second_prediction_leaves_nothing_of_the_first(
    model_folder: Path, tables: Path, cohort: Cohort, tmp_path: Path
) -> None:
    out = tmp_path / "p"
    features = [patient.features[0] for patient in cohort.patients[:2]]
    healnet("predict", model_folder, "--out", out, "--case", "NEW", "--report",
            "--features", *features)  # fmt: skip
    assert (out / "heatmap_2.geojson").exists()

    healnet("predict", model_folder, "--out", out, "--omics", tables / "new_rna.csv")

    assert {path.name for path in out.iterdir()} == FILES
    assert (out / "attention.csv").read_text().count("\n") == 1
    assert "P000" not in (out / "explanation.json").read_text()


@pytest.mark.parametrize("kind", ["geojson", "csv", "html"])
def test_export_repeats_what_predict_wrote(
    model_folder: Path,
    cohort: Cohort,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    features = cohort.patients[0].features[0]
    healnet(
        "predict", model_folder, "--out", tmp_path / "p", "--report", "--features", features
    )
    original = {"geojson": "heatmap.geojson", "csv": "attention.csv", "html": "report.html"}
    capsys.readouterr()

    code = healnet("export", tmp_path / "p", "--format", kind, "--out", tmp_path / "exported")

    assert code == 0
    assert last_line(capsys) == str(tmp_path / "exported")
    assert (tmp_path / "exported").read_bytes() == (
        tmp_path / "p" / original[kind]
    ).read_bytes()


@pytest.mark.slow
def test_two_processes_give_the_same_bits(
    model_folder: Path, tables: Path, tmp_path: Path
) -> None:
    root = Path(__file__).parents[2]
    for name in ("a", "b"):
        subprocess.run(
            [sys.executable, "-m", "healnet.cli", "predict", model_folder, "--out",
             tmp_path / name, "--omics", tables / "new_rna.csv"],
            env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
            check=True,
            capture_output=True,
        )  # fmt: skip

    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_training_without_encoding_the_slides_is_refused(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(tables / "cohort.csv").drop(columns="features")
    frame["slides"] = [f"{case_id}.svs" for case_id in frame["case_id"]]
    for name in frame["slides"]:
        (tmp_path / name).write_bytes(b"x")
    frame.to_csv(tmp_path / "cohort.csv", index=False)

    code = healnet("train", tmp_path / "cohort.csv", "--out", tmp_path / "model")

    assert code == 2
    assert "TRAIN-NOT-ENCODED" in capsys.readouterr().err


def test_doctor_finds_this_installation_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = healnet("doctor", "--out", tmp_path / "doctor.txt")

    said = capsys.readouterr().out
    assert code == 0, said
    assert "openslide" in said
    assert (tmp_path / "doctor.txt").read_text() in said


@pytest.mark.slow
def test_a_fault_of_the_program_is_one_message_and_no_traceback(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    broken = (
        "import sys, healnet.cli.entry as entry, healnet.cli.predict as predict;"
        "predict.read_bundle = lambda path: 1 / 0;"
        "sys.exit(entry.main(['predict', 'm', '--out', 'o']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", broken],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error [INTERNAL]")
    assert "Traceback" not in done.stderr
