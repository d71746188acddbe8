"""Numbers that judge maps against the truth, by hand and against another implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from healnet.study.judging import SCALE, patch_shares, roc_area


def square(left: float, top: float, side: float) -> list[list[float]]:
    right, bottom = left + side, top + side
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def collection(*rings: list[list[float]], name: str = "tumour") -> dict[str, object]:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
        "properties": {"class": name},
    }
    return {"type": "FeatureCollection", "features": [feature]}


def test_area_under_the_curve_by_hand() -> None:
    score = np.array([0.1, 0.4, 0.35, 0.8])

    # of four pairs only 0.35 against 0.4 is the wrong way round
    assert roc_area(score, np.array([False, False, True, True])) == 0.75


def test_area_of_one_class_alone_does_not_exist() -> None:
    assert roc_area(np.array([0.1, 0.2]), np.array([True, True])) is None
    assert roc_area(np.array([0.1, 0.2]), np.array([False, False])) is None


@given(seed=st.integers(0, 2**16), size=st.integers(4, 60), levels=st.integers(1, 6))
def test_area_agrees_with_scikit_learn_also_with_ties(
    seed: int, size: int, levels: int
) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, levels, size).astype(float)
    is_positive = rng.permutation(np.arange(size) < size // 2)

    assert roc_area(score, is_positive) == pytest.approx(roc_auc_score(is_positive, score))


def test_share_of_a_patch_in_a_square() -> None:
    regions = collection(square(256.0, 256.0, 256.0))
    corners = np.array([[256, 256], [384, 256], [384, 384], [0, 0], [640, 640]])

    shares = patch_shares(regions, corners, 256, name="tumour")

    assert shares == pytest.approx([1, 0.5, 0.25, 0, 0], abs=2 * SCALE / 256)


def test_holes_and_other_classes_do_not_count() -> None:
    regions = collection(square(0.0, 0.0, 512.0), square(128.0, 128.0, 256.0))
    corners = np.array([[128, 128], [0, 0]])

    inside = patch_shares(regions, corners, 256, name="tumour")
    other = patch_shares(regions, corners, 256, name="necrosis")

    assert inside == pytest.approx([0, 0.75], abs=0.07)
    assert (other == 0).all()
