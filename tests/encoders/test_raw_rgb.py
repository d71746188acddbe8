"""The raw-pixel encoder, by hand."""

import numpy as np
import pytest

from healnet.encoders.raw_rgb import build


def test_a_grey_patch_has_one_number() -> None:
    features = build()(np.full((1, 32, 32, 3), 51, np.uint8))

    assert features.shape == (1, 768)
    np.testing.assert_allclose(features, (51 - 127.5) / 127.5, rtol=1e-6)


def test_each_number_is_the_mean_of_its_cell_and_channel() -> None:
    patch = np.zeros((1, 32, 32, 3), np.uint8)
    patch[0, 4:6, 10:12, 1] = [[10, 20], [30, 40]]  # row 2, column 5 of 16 x 16, green

    features = build()(patch).reshape(16, 16, 3)

    assert features[2, 5, 1] == pytest.approx((25 - 127.5) / 127.5)
    others = np.ones((16, 16, 3), np.bool_)
    others[2, 5, 1] = False
    np.testing.assert_array_equal(features[others], -1)


@pytest.mark.parametrize(("value", "feature"), [(0, -1), (255, 1)])
def test_black_and_white_are_the_ends_of_the_range(value: int, feature: float) -> None:
    assert build()(np.full((1, 256, 256, 3), value, np.uint8)).max() == feature
