"""Schemas: fitted on training patients only, applied by name, honest about what is missing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.exceptions import TableError
from healnet.omics.porpoise import read_porpoise
from healnet.omics.table_schema import TableSchema
from tests.omics.bad_tables import profiles


def row_of(frame: pd.DataFrame, position: int = 0) -> dict[str, object]:
    return {str(name): value for name, value in frame.iloc[position].items()}


def codes(encoded: object) -> list[str]:
    return [notice.code for notice in encoded.match.notices]  # type: ignore[attr-defined]


@pytest.fixture
def rna() -> pd.DataFrame:
    return profiles(60, 200)


@pytest.fixture
def clinical() -> pd.DataFrame:
    index = pd.Index([f"p{i}" for i in range(8)], name="case_id")
    return pd.DataFrame(
        {
            "age": [50.0, 60.0, 70.0, 80.0, np.nan, 65.0, 55.0, 75.0],
            "is_female": [0.0, 1.0, 0.0, 1.0, 1.0, np.nan, 0.0, 1.0],
            "stage": pd.Series(
                ["I", "II", "II", "III", "I", None, "II", "I"], dtype=object
            ).values,
            "hospital": [1.0] * 8,
        },
        index=index,
    )


def test_numbers_become_z_scores_of_the_training_patients(rna: pd.DataFrame) -> None:
    schema = TableSchema.fit(rna, "rna")

    encoded = [schema.encode(row_of(rna, i)) for i in range(len(rna))]

    values = np.stack([one.values for one in encoded])
    assert values.dtype == np.float32
    assert values.shape == (60, 200)
    plain = (rna - rna.mean()) / rna.std(ddof=0)
    np.testing.assert_allclose(values, plain.clip(-5, 5), atol=1e-6)
    assert all(one.is_observed.all() and not one.match.notices for one in encoded)


def test_a_hand_worked_value_is_scaled_and_cut_at_five() -> None:
    frame = pd.DataFrame({"A": [0.0, 2.0, 4.0], "B": [0.0, 1.0, 1.0]}, index=["x", "y", "z"])
    schema = TableSchema.fit(frame, "cnv")

    encoded = schema.encode({"A": 2.0 + 1.5 * (8 / 3) ** 0.5, "B": 0.0})
    cut = schema.encode({"A": -1e6, "B": 1.0})

    # Mean 2, standard deviation sqrt(8/3): the square root of 8/3 lies one above the mean.
    assert schema.features[0].mean == 2.0
    assert schema.features[0].sd == pytest.approx((8 / 3) ** 0.5)
    assert encoded.values[0] == pytest.approx(1.5, rel=1e-6)
    assert cut.values[0] == -5.0
    assert [feature.kind for feature in schema.features] == ["number", "binary"]


def test_one_wild_measurement_does_not_flatten_the_others() -> None:
    values = np.random.default_rng(0).normal(size=373)
    values[7] = 14_071.0  # as in the published table of bladder cancer
    frame = pd.DataFrame({"A": values}, index=[f"p{i}" for i in range(373)])

    schema = TableSchema.fit(frame, "rna")

    assert schema.features[0].sd == pytest.approx(1.0, abs=0.2)
    assert schema.encode({"A": 14_071.0}).values[0] == 5.0


def test_a_rare_mutation_keeps_its_variation() -> None:
    flags = np.zeros(500)
    flags[3] = 1.0
    frame = pd.DataFrame({"TP53": flags}, index=[f"p{i}" for i in range(500)])

    schema = TableSchema.fit(frame, "mutation")

    assert schema.features[0].kind == "binary"
    assert schema.features[0].is_usable
    assert schema.encode({"TP53": 1.0}).values[0] == 5.0
    assert schema.encode({"TP53": 0.0}).values[0] == pytest.approx(-0.0447, abs=1e-3)


def test_a_category_becomes_one_token_a_level(clinical: pd.DataFrame) -> None:
    schema = TableSchema.fit(clinical, "clinical", units={"age": "years"})

    assert schema.names == ("age", "is_female", "stage=I", "stage=II", "stage=III", "hospital")
    assert schema.columns == ("age", "is_female", "stage", "hospital")
    assert schema.features[0].unit == "years"
    stage_two = schema.encode({"age": 60, "is_female": True, "stage": "ii", "hospital": 1})
    flags = stage_two.values[2:5]
    assert flags[1] > 0 > flags[0]
    assert flags[2] < 0


def test_a_missing_value_is_masked_and_not_filled(clinical: pd.DataFrame) -> None:
    schema = TableSchema.fit(clinical, "clinical")

    encoded = schema.encode({"age": None, "is_female": "", "stage": "NA", "hospital": 1.0})

    assert not encoded.is_observed.any()
    assert (encoded.values == 0).all()
    assert encoded.match.matched == 4


def test_a_feature_without_variation_is_never_read(clinical: pd.DataFrame) -> None:
    schema = TableSchema.fit(clinical, "clinical")

    encoded = schema.encode({"age": 61.0, "hospital": 7.0})

    assert not schema.features[5].is_usable
    assert encoded.is_observed.tolist() == [True, False, False, False, False, False]
    assert "OMICS-RANGE" not in codes(encoded)


def test_a_level_that_no_training_patient_had_is_said_and_masked(
    clinical: pd.DataFrame,
) -> None:
    schema = TableSchema.fit(clinical, "clinical")

    encoded = schema.encode({"age": 61.0, "is_female": 1.0, "stage": "IV", "hospital": 1.0})

    assert codes(encoded) == ["OMICS-NEW-LEVEL"]
    assert "'IV'" in encoded.match.notices[0].what
    assert not encoded.is_observed[2:5].any()


def test_levels_written_as_numbers_match() -> None:
    frame = pd.DataFrame(
        {"grade": pd.Series(["1", "2", "2A", "1"], dtype=object).values, "age": [1.0, 2, 3, 4]},
        index=list("abcd"),
    )
    schema = TableSchema.fit(frame, "clinical")

    encoded = schema.encode({"grade": 2.0, "age": 3.0})

    assert encoded.match.notices == ()
    assert encoded.values[1] > 0  # grade=2


@given(seed=st.integers(0, 2**16))
def test_order_and_extra_columns_change_no_bit(seed: int) -> None:
    frame = profiles(30, 25)
    schema = TableSchema.fit(frame, "rna")
    row = row_of(frame, seed % 30)
    names = np.random.default_rng(seed).permutation([*row, "X1", "X2"])
    shuffled = {str(name): row.get(str(name), 99.0) for name in names}

    plain, other = schema.encode(row), schema.encode(shuffled)

    assert plain.values.tobytes() == other.values.tobytes()
    assert (plain.is_observed == other.is_observed).all()
    assert (plain.match.extra, other.match.extra) == (0, 2)


def test_test_patients_leave_no_trace_in_the_schema(rna: pd.DataFrame) -> None:
    train, test = rna.iloc[:40], rna.iloc[40:] * 1000
    whole = TableSchema.fit(rna, "rna")

    refitted = whole.refit(train)

    assert refitted == TableSchema.fit(train, "rna")
    assert refitted == TableSchema.fit(pd.concat([rna, test]), "rna").refit(train)
    assert refitted != whole


def test_json_round_trip_gives_the_same_bits(clinical: pd.DataFrame, rna: pd.DataFrame) -> None:
    for frame, name in ((clinical, "clinical"), (rna, "rna")):
        schema = TableSchema.fit(frame, name)

        again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))

        assert again == schema
        row = row_of(frame)
        assert again.encode(row).values.tobytes() == schema.encode(row).values.tobytes()


def test_names_match_by_case_blanks_and_renamed_symbols_and_this_is_said() -> None:
    frame = profiles(30, 4)
    frame.columns = pd.Index(["TP53", "SEPT9", "MARCHF1", "EGFR"])
    schema = TableSchema.fit(frame, "rna")

    encoded = schema.encode({" tp53 ": 1.0, "SEPTIN9": 2.0, "March1": 3.0, "EGFR": 4.0})

    plain = schema.encode({"TP53": 1.0, "SEPT9": 2.0, "MARCHF1": 3.0, "EGFR": 4.0})
    assert encoded.values.tobytes() == plain.values.tobytes()
    assert dict(encoded.match.renamed) == {
        "TP53": " tp53 ",
        "SEPT9": "SEPTIN9",
        "MARCHF1": "March1",
    }
    assert codes(encoded) == ["OMICS-RENAMED"]


def test_two_names_for_one_gene_are_refused() -> None:
    frame = profiles(30, 2)
    frame.columns = pd.Index(["SEPTIN9", "EGFR"])
    schema = TableSchema.fit(frame, "rna")

    with pytest.raises(TableError, match="could both be SEPTIN9"):
        schema.encode({"SEPT9": 1.0, "septin9": 2.0, "EGFR": 1.0})


def test_one_column_is_not_read_as_two_genes() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)))
    frame.columns = pd.Index(["SEPT9", "SEPTIN9", "EGFR"])
    schema = TableSchema.fit(frame, "rna")

    with pytest.raises(TableError, match="SEPTIN9 could be SEPT9 and SEPTIN9") as refusal:
        schema.encode({"SEPTIN9": 2.0, "EGFR": 1.0})

    assert refusal.value.code == "OMICS-AMBIGUOUS"
    assert schema.encode({"SEPT9": 1.0, "SEPTIN9": 2.0, "EGFR": 1.0}).match.share == 1.0


def test_no_known_gene_is_refused_with_examples(rna: pd.DataFrame) -> None:
    schema = TableSchema.fit(rna, "rna")

    with pytest.raises(TableError) as refusal:
        schema.encode({f"X{i}": 1.0 for i in range(200)})

    assert refusal.value.code == "OMICS-UNMATCHED"
    assert refusal.value.what == "0 of 200 expected rna features found"
    assert refusal.value.why == (
        "features are matched by the names of the training table; at least 50% are needed"
    )
    assert "GENE0, GENE1, GENE2, GENE3, GENE4" in refusal.value.fix
    assert "X0, X1, X2, X3, X4" in refusal.value.fix


def test_ensembl_ids_are_recognised(rna: pd.DataFrame) -> None:
    schema = TableSchema.fit(rna, "rna")

    with pytest.raises(TableError, match="these are Ensembl ids; expected HGNC symbols"):
        schema.encode({f"ENSG{i:011d}.{i % 9}": 1.0 for i in range(200)})
    with pytest.raises(TableError, match=r"are these Ensembl ids\?"):
        schema.encode({f"{'ENSG' if i < 9 else 'X'}{i:011d}": 1.0 for i in range(200)})


@pytest.mark.parametrize(("kept", "refused"), [(99, True), (100, False), (140, False)])
def test_the_floor_is_half_of_the_genes(rna: pd.DataFrame, kept: int, refused: bool) -> None:
    schema = TableSchema.fit(rna, "rna")
    row = dict(list(row_of(rna).items())[:kept])

    if refused:
        with pytest.raises(TableError, match=f"{kept} of 200"):
            schema.encode(row)
        return
    encoded = schema.encode(row)
    assert encoded.match.share == kept / 200
    assert encoded.match.missing == tuple(f"GENE{i}" for i in range(kept, 200))
    assert codes(encoded) == ["OMICS-PARTIAL"]
    assert encoded.is_observed.sum() == kept


def test_one_clinical_column_is_enough_but_none_is_not(clinical: pd.DataFrame) -> None:
    schema = TableSchema.fit(clinical, "clinical")

    assert schema.encode({"age": 50.0}).match.matched == 1
    with pytest.raises(TableError, match="names of the training table"):
        schema.encode({"weight": 50.0})


@pytest.mark.parametrize(
    ("transform", "hint"),
    [
        pytest.param(lambda x: (2**x * 50).round(), "raw counts", id="107 raw counts"),
        pytest.param(lambda x: x - 20, "unit", id="another unit"),
        pytest.param(lambda x: (x - x.mean()) / x.std(), "unit", id="109 z-scores"),
        pytest.param(lambda x: np.log2(x + 1), "unit", id="logged twice"),
        pytest.param(
            lambda x: x.iloc[:, ::-1].set_axis(x.columns, axis=1), "unit", id="mixed up"
        ),
    ],
)
def test_a_profile_in_another_unit_is_flagged(transform: object, hint: str) -> None:
    generator = np.random.default_rng(0)
    level = generator.uniform(1, 14, 300)  # genes differ more among themselves than patients do
    values = level + generator.normal(0, 0.6, (80, 300))
    frame = pd.DataFrame(values, columns=[f"G{i}" for i in range(300)])
    schema = TableSchema.fit(frame.iloc[:60], "rna")

    same = [schema.encode(row_of(frame, i)) for i in range(60, 80)]
    other = [schema.encode(row_of(transform(frame), i)) for i in range(60, 80)]  # type: ignore[operator]

    assert not any("OMICS-SCALE" in codes(one) for one in same)
    assert all("OMICS-SCALE" in codes(one) for one in other)
    assert all(hint in one.match.notices[0].why for one in other)


def test_one_value_a_thousand_standard_deviations_out_is_named(rna: pd.DataFrame) -> None:
    schema = TableSchema.fit(rna, "rna")

    encoded = schema.encode({**row_of(rna), "GENE0": 1e4})

    (notice,) = encoded.match.notices
    assert notice.code == "OMICS-RANGE"
    assert "GENE0 = 10000 (training 0" in notice.where
    assert encoded.values[0] == 5.0


@pytest.mark.parametrize("bad", ["abc", "1,234", "inf", np.inf, 1e400, [1.0]])
def test_a_value_that_is_no_number_is_refused(rna: pd.DataFrame, bad: object) -> None:
    schema = TableSchema.fit(rna, "rna")

    with pytest.raises(TableError, match=r"column GENE3.*is not a number"):
        schema.encode({**row_of(rna), "GENE3": bad})


@pytest.mark.parametrize("unit", ["TPM", "counts", "log2(TPM+1)", "log2(RSEM + 1)"])
def test_negative_values_do_not_fit_a_unit_of_counts(rna: pd.DataFrame, unit: str) -> None:
    with pytest.raises(TableError, match="negative values in a table declared as"):
        TableSchema.fit(-rna, "rna", units={"rna": unit})
    for other in ("", "z-score", "log2(TPM+0.001)"):
        assert TableSchema.fit(-rna, "rna", units={"rna": other}).features[0].unit == other


def test_a_table_without_variation_or_columns_or_with_free_text_is_no_input() -> None:
    index = [f"p{i}" for i in range(60)]
    notes = pd.Series([f"note {i}" for i in range(60)], dtype=object).values

    with pytest.raises(TableError, match="no variation in any of 2 rna features"):
        TableSchema.fit(pd.DataFrame({"A": 1.0, "B": 2.0}, index=index), "rna")
    with pytest.raises(TableError, match="no column"):
        TableSchema.fit(pd.DataFrame(index=index), "rna")
    with pytest.raises(TableError, match="60 different texts"):
        TableSchema.fit(pd.DataFrame({"notes": notes}, index=index), "clinical")
    with pytest.raises(TableError, match="hold text"):
        TableSchema.fit(pd.DataFrame({"notes": notes}, index=index), "rna")


@pytest.mark.parametrize(
    "change",
    [
        {"features": []},
        {"features": [{"name": "A"}]},
        {"features": 3},
        {"clip": 0},
        {"floor": 2.0},
        {"surprise": 1},
    ],
)
def test_a_damaged_schema_is_refused(rna: pd.DataFrame, change: dict[str, object]) -> None:
    stored = {**TableSchema.fit(rna, "rna").to_dict(), **change}

    with pytest.raises(TableError) as refusal:
        TableSchema.from_dict(stored)

    assert refusal.value.code == "TABLE-SCHEMA"


@pytest.mark.parametrize("change", [{"sd": 0.0}, {"mean": "x"}, {"kind": "date"}, {"low": 9e9}])
def test_a_damaged_feature_is_refused(rna: pd.DataFrame, change: dict[str, object]) -> None:
    stored = TableSchema.fit(rna, "rna").to_dict()
    stored["features"][0].update(change)  # type: ignore[index]

    with pytest.raises(TableError) as refusal:
        TableSchema.from_dict(stored)

    assert refusal.value.code == "TABLE-SCHEMA"


@pytest.mark.parametrize("cohort", ["tcga_coadread", "tcga_kirp"])
def test_real_training_patients_raise_no_warning(test_data: Path, cohort: str) -> None:
    folder = test_data / "omics" / "porpoise_mutsig"
    tables = read_porpoise(folder / f"{cohort}_all_clean.csv.zip").tables

    for name, frame in tables.items():
        schema = TableSchema.fit(frame, name)
        for position in range(0, len(frame), 20):
            encoded = schema.encode(row_of(frame, position))

            assert encoded.match.share == 1.0
            assert encoded.match.notices == ()
            assert (np.abs(encoded.values) <= 5).all()
