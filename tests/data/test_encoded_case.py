"""Encoding a case: what a model takes, what it refuses, and what absence means."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from healnet.data.case import Case
from healnet.data.encoded_case import encode_case
from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import InputSpec, SlideSpec
from healnet.data.slide_bag import centres_um
from healnet.exceptions import ConfigError, FeatureError, ModalityError, Notice, TableError
from tests.data.conftest import make_card, make_slide

MakeCase = Callable[..., Case]


def test_a_whole_case_becomes_tokens_of_every_modality(
    make_case: MakeCase, spec: InputSpec
) -> None:
    slide = make_slide()

    encoded = encode_case(make_case(3, slides=(slide,), has="rna clinical"), spec)

    assert list(encoded.tokens) == ["slide", "rna", "clinical"]
    assert encoded.tokens["slide"].values is not slide.features  # a copy of one bag
    np.testing.assert_array_equal(encoded.tokens["slide"].values, slide.features)
    assert encoded.tokens["rna"].values.shape == (7, 1)
    assert encoded.tokens["clinical"].values.shape == (1, 1)
    assert encoded.tokens["rna"].is_token is None  # nothing missing
    assert encoded.match["rna"].share == 1.0
    assert encoded.notices == ()


def test_coordinates_are_centres_in_micrometres() -> None:
    slide = make_slide(2, coords=np.array([[0, 0], [1024, 512]]), patch_size_l0=512, mpp=0.25)

    # (0 + 256) px * 0.25 um/px = 64 um
    np.testing.assert_array_equal(centres_um(slide), [[64, 64], [320, 192]])


def test_the_same_tissue_lies_at_the_same_place_whatever_the_scan_resolution() -> None:
    coords = np.array([[512, 2048]])
    coarse = make_slide(1, coords=coords, patch_size_l0=256, mpp=0.5)
    fine = make_slide(1, coords=coords * 2, patch_size_l0=512, mpp=0.25)

    np.testing.assert_array_equal(centres_um(coarse), centres_um(fine))


def test_several_slides_are_one_bag_that_remembers_them(
    make_case: MakeCase, spec: InputSpec
) -> None:
    slides = (make_slide(3, 1), make_slide(4, 2))

    bag = encode_case(make_case(slides=slides), spec).tokens["slide"]

    assert bag.slide_index is not None
    assert bag.slide_index.tolist() == [0] * 3 + [1] * 4
    np.testing.assert_array_equal(bag.values[3:], slides[1].features)
    np.testing.assert_array_equal(bag.coords[3:], centres_um(slides[1]))  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        pytest.param(
            {"features": np.zeros((5, 768), np.float32), "encoder": None},
            "FEATURES-ENCODER",
            "an unknown encoder, 768 wide; the model needs 6 from tiny",
            id="194 another width",
        ),
        pytest.param(
            {"encoder": make_card(name="other")},
            "FEATURES-ENCODER",
            "features of other, 6 wide",
            id="another encoder of the same width",
        ),
        pytest.param(
            {"encoder": make_card(sha256="f" * 64)},
            "FEATURES-ENCODER",
            "features of tiny",
            id="other weights under the same name",
        ),
        pytest.param(
            {"mpp": None}, "FEATURES-MPP", "pixel size of the slide is unknown", id="no mpp"
        ),
        pytest.param(
            {"patch_size_l0": 1024},
            "FEATURES-SCALE",
            "256.0 um wide; .* 128.0",
            id="too coarse",
        ),
        pytest.param(
            {"patch_size_l0": 256}, "FEATURES-SCALE", "64.0 um wide; .* 128.0", id="too fine"
        ),
        pytest.param(
            {"patch_px": 128},
            "FEATURES-SCALE",
            "1 um per pixel; the model learned from 0.5",
            id="as wide, but half the detail",
        ),
        pytest.param(
            {"features": np.full((5, 6), np.nan, np.float32)},
            "FEATURES-VALUES",
            "first patch 0 at .*: 5 of 5 patches",
            id="193 NaN features",
        ),
    ],
)
def test_features_that_mean_something_else_are_refused(
    make_case: MakeCase, spec: InputSpec, changes: dict[str, object], code: str, message: str
) -> None:
    slide = make_slide(**changes)

    with pytest.raises(FeatureError, match=message) as refusal:
        encode_case(make_case(slides=(slide,)), spec)

    assert refusal.value.code == code
    assert "slide-0" in refusal.value.where


def test_what_only_describes_an_encoder_does_not_matter(
    make_case: MakeCase, spec: InputSpec
) -> None:
    slide = make_slide(encoder=make_card(licence="MIT", source="elsewhere"))

    assert encode_case(make_case(slides=(slide,)), spec).notices == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"encoder": None}, "FEATURES-UNNAMED"),
        ({"patch_size_l0": 600}, "FEATURES-SCALE"),
        ({"notices": (Notice(code="SLIDE-UPSAMPLED", what="x"),)}, "SLIDE-UPSAMPLED"),
    ],
)
def test_doubts_about_features_travel_with_the_case(
    make_case: MakeCase, spec: InputSpec, changes: dict[str, object], code: str
) -> None:
    encoded = encode_case(make_case(slides=(make_slide(**changes),)), spec)

    assert [notice.code for notice in encoded.notices] == [code]


def test_a_missing_value_is_masked(make_case: MakeCase, spec: InputSpec) -> None:
    case = make_case(has="rna")
    row = {**case.tables["rna"], "C": None, "F": float("nan")}

    rna = encode_case(replace(case, tables={"rna": row}), spec).tokens["rna"]

    assert rna.is_token is not None
    assert np.flatnonzero(~rna.is_token).tolist() == [2, 5]
    assert rna.values[~rna.is_token].tolist() == [[0], [0]]


def test_a_row_without_any_value_counts_as_absent(make_case: MakeCase, spec: InputSpec) -> None:
    case = make_case(has="rna clinical")
    empty = dict.fromkeys("ABCDEFG")

    encoded = encode_case(replace(case, tables={**case.tables, "rna": empty}), spec)

    assert list(encoded.tokens) == ["clinical"]
    assert [notice.code for notice in encoded.notices] == ["OMICS-NO-VALUE"]


@pytest.mark.parametrize("has", ["", "methylation"])
def test_a_patient_with_nothing_for_the_model_is_refused(
    make_case: MakeCase, spec: InputSpec, has: str
) -> None:
    case = make_case()
    case = replace(case, tables={name: {"x": 1.0} for name in has.split()})

    with pytest.raises(ModalityError) as refusal:
        encode_case(case, spec)

    assert refusal.value.code == "MODEL-NO-INPUT"
    assert refusal.value.where == "p0"
    assert f"the case has {has or 'nothing'}" in refusal.value.why
    assert "slide, rna, clinical" in refusal.value.why


def test_a_patient_whose_only_row_is_empty_is_refused(spec: InputSpec) -> None:
    case = Case(case_id="p0", tables={"rna": dict.fromkeys("ABCDEFG")})

    with pytest.raises(ModalityError, match="nothing for the model to read"):
        encode_case(case, spec)


def test_what_the_model_does_not_take_is_left_out_and_said(
    make_case: MakeCase, spec: InputSpec
) -> None:
    omics_only = InputSpec(tables={"rna": spec.tables["rna"]})

    encoded = encode_case(make_case(slides=(make_slide(),), has="rna clinical"), omics_only)

    assert list(encoded.tokens) == ["rna"]
    assert [notice.what for notice in encoded.notices] == [
        "the model does not take slide; it was not read",
        "the model does not take clinical; it was not read",
    ]


def test_unknown_genes_are_refused_for_the_case(make_case: MakeCase, spec: InputSpec) -> None:
    case = replace(make_case(), tables={"rna": {f"X{i}": 1.0 for i in range(7)}})

    with pytest.raises(TableError, match="0 of 7 expected rna features found"):
        encode_case(case, spec)


def test_encoding_changes_none_of_its_inputs(make_case: MakeCase, spec: InputSpec) -> None:
    slide = make_slide()
    case = make_case(slides=(slide,), has="rna clinical")
    before = (slide.features.tobytes(), slide.coords.tobytes(), dict(case.tables["rna"]))

    encoded = encode_case(case, spec)
    again = encode_case(case, spec)

    assert before == (slide.features.tobytes(), slide.coords.tobytes(), case.tables["rna"])
    for name, tokens in encoded.tokens.items():
        assert tokens.values.tobytes() == again.tokens[name].values.tobytes()


def test_input_spec_survives_json(spec: InputSpec) -> None:
    again = InputSpec.from_dict(json.loads(json.dumps(spec.to_dict())))

    assert again == spec
    assert again.modalities == ("slide", "rna", "clinical")
    assert InputSpec.from_dict(InputSpec(tables=spec.tables).to_dict()).slide is None


def test_a_spec_that_cannot_work_is_refused(spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match="at least one modality"):
        InputSpec()
    with pytest.raises(ConfigError, match="stands under 'cnv'"):
        InputSpec(tables={"cnv": spec.tables["rna"]})
    with pytest.raises(ConfigError, match="positive"):
        SlideSpec(encoder=make_card(), mpp=0.0, patch_px=256)
    with pytest.raises(ConfigError, match="no more"):
        InputSpec.from_dict({"slide": None})
    with pytest.raises(ConfigError, match="no more"):
        SlideSpec.from_dict({"mpp": 0.5})


def test_equal_warnings_of_several_slides_are_said_once(
    make_case: MakeCase, spec: InputSpec
) -> None:
    slides: tuple[PatchFeatures, ...] = (make_slide(encoder=None), make_slide(encoder=None))

    assert len(encode_case(make_case(slides=slides), spec).notices) == 1
