"""What every encoder owes its callers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from healnet.encoders.protocol import EncoderCard, PatchEncoder
from healnet.encoders.registry import encoder_names, get_encoder
from healnet.exceptions import EncoderError
from tests.encoders.patches import pattern

BUILT_IN = ["lite0", "raw-rgb"]


@pytest.fixture(scope="module", params=BUILT_IN)
def encoder(request: pytest.FixtureRequest) -> PatchEncoder:
    return get_encoder(request.param)


def test_it_satisfies_the_protocol(encoder: PatchEncoder) -> None:
    assert isinstance(encoder, PatchEncoder)
    assert encoder.card.name in BUILT_IN


@pytest.mark.parametrize("side", [224, 256])
def test_it_returns_a_finite_row_of_its_width_for_each_patch(
    encoder: PatchEncoder, side: int
) -> None:
    features = encoder(pattern(2, side))

    assert features.shape == (2, encoder.card.dim)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_no_patches_give_no_rows(encoder: PatchEncoder) -> None:
    assert encoder(pattern(1)[:0]).shape == (0, encoder.card.dim)


def test_a_patch_is_encoded_alike_alone_and_in_company(encoder: PatchEncoder) -> None:
    patches = pattern(7)

    together = encoder(patches)
    alone = np.concatenate([encoder(patches[i : i + 1]) for i in range(7)])

    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_it_does_not_change_its_input(encoder: PatchEncoder) -> None:
    patches = pattern(2)
    before = patches.copy()

    encoder(patches)

    np.testing.assert_array_equal(patches, before)


def test_it_may_be_called_from_several_threads(encoder: PatchEncoder) -> None:
    patches = pattern(4)
    expected = encoder(patches)

    with ThreadPoolExecutor(max_workers=3) as pool:
        results = list(pool.map(encoder, [patches] * 6))

    for result in results:
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_different_patches_have_different_features(encoder: PatchEncoder) -> None:
    first, second, third = encoder(pattern(3))

    assert np.abs(first - second).max() > 1e-2
    assert np.abs(second - third).max() > 1e-2


@pytest.mark.parametrize("side", [1, 100, 225])
def test_a_patch_it_cannot_read_is_refused(encoder: PatchEncoder, side: int) -> None:
    with pytest.raises(EncoderError, match=r"ENCODER-PATCH.*multiples of"):
        encoder(np.zeros((1, side, side, 3), np.uint8))


def test_its_card_survives_json(encoder: PatchEncoder) -> None:
    again = EncoderCard.from_dict(encoder.card.to_dict())

    assert again == encoder.card
    assert again.digest == encoder.card.digest


@pytest.mark.parametrize(
    ("field", "value", "is_other"),
    [
        ("name", "x", True),
        ("dim", 7, True),
        ("mean", (1.0,) * 3, True),
        ("std", (2.0,) * 3, True),
        ("dtype", "bfloat16", True),
        ("sha256", "00", True),
        ("licence", "MIT", False),
        ("source", "elsewhere", False),
    ],
)
def test_the_digest_tells_encoders_apart_by_their_numbers_only(
    encoder: PatchEncoder, field: str, value: object, is_other: bool
) -> None:
    changed = replace(encoder.card, **{field: value})

    assert (changed.digest != encoder.card.digest) == is_other


def test_the_built_in_encoders_are_listed() -> None:
    assert set(BUILT_IN) <= set(encoder_names())


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EncoderError, match=r"ENCODER-UNKNOWN.*lite0.*raw-rgb"):
        get_encoder("uni")


@pytest.mark.parametrize(
    "change",
    [
        {"dim": "1280"},
        {"dim": True},
        {"dim": 0},
        {"std": [0.0, 1.0, 1.0]},
        {"std": [1.0]},
        {"mpp": -1.0},
        {"mpp": None},
        {"nonsense": 1},
    ],
    ids=str,
)
def test_a_card_that_describes_no_encoder_is_refused(change: dict[str, object]) -> None:
    card = get_encoder("raw-rgb").card.to_dict() | change

    with pytest.raises(EncoderError, match="ENCODER-CARD"):
        EncoderCard.from_dict(card)


def test_a_card_with_a_missing_field_is_refused() -> None:
    card = get_encoder("raw-rgb").card.to_dict()
    del card["mean"]

    with pytest.raises(EncoderError, match="ENCODER-CARD"):
        EncoderCard.from_dict(card)
