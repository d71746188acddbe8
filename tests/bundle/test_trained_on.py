"""Whom the weights have seen comes back as it was written, and older folders say enough."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from healnet.bundle import ModelBundle, read_bundle
from healnet.bundle.trained_on import TrainedOn, hash_entries
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.exceptions import BundleError
from healnet.predict import predict_case
from tests.bundle.test_folder import seal

SALT = "ab" * 16


def some() -> TrainedOn:
    return hash_entries([(Case(case_id="A"), (0, 2)), (Case(case_id="B"), ())], salt=SALT)


def test_it_survives_the_way_to_parquet_and_back() -> None:
    for found in (some(), TrainedOn()):
        again = TrainedOn.from_bytes(found.to_bytes())

        assert (again.hashed, again.salt, again.members) == (
            found.hashed, found.salt, found.members,
        )  # fmt: skip
    assert some().seen_by(Case(case_id=" A ")) == {0, 2}
    assert some().seen_by(Case(case_id="B")) == frozenset()


def test_heirs_know_what_the_parent_of_each_has_seen() -> None:
    heirs = some().inherited(5, num_parents=3)

    assert heirs.seen_by(Case(case_id="A")) == {0, 2, 3}


def test_a_list_that_does_not_fit_the_model_is_refused() -> None:
    with pytest.raises(BundleError, match="member beyond"):
        some().refuse_unknown_members(2)
    with pytest.raises(BundleError, match="belong together"):
        replace(some(), salt=("ab" * 65,))
    with pytest.raises(BundleError, match="cannot be read"):
        TrainedOn.from_bytes(b"PAR1")


def test_a_folder_of_the_first_format_is_read_and_knows_its_patients(
    model_folder: Path, bundle: ModelBundle, cohort: Cohort, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(model_folder, tmp_path / "model"))
    (old / "trained_on.parquet").unlink()
    for name in ("config.json", "manifest.json"):
        values = json.loads((old / name).read_text())
        (old / name).write_text(json.dumps({**values, "format_version": 1}))
    frame = pd.read_parquet(old / "reference.parquet").drop(columns="own_risk")
    frame.to_parquet(old / "reference.parquet", index=False)
    seal(old)

    back = read_bundle(old)

    for case_id in cohort.case_ids[:5]:
        case = cohort.case(case_id)
        new = predict_case(bundle, case, explain=False)
        assert predict_case(back, case, explain=False).member_risks == new.member_risks
        assert back.trained_on.seen_by(case) == bundle.trained_on.seen_by(case)
