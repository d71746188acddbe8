"""Finished patches: whole rows only, in order, whatever the moment of reading."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.partial import COORDS, FEATURES, PartialFeatures, discard_partial, read_finished
from healnet.encoders.protocol import EncoderCard

DIM = 5


def make_card() -> EncoderCard:
    return EncoderCard(
        name="tests",
        dim=DIM,
        patch_px=256,
        mpp=0.5,
        mean=(0.5, 0.5, 0.5),
        std=(0.2, 0.2, 0.2),
        dtype="float32",
        licence="none",
        source="tests",
        sha256="0" * 64,
    )


def make_batch(count: int, *, first: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(first, first + count)
    return np.stack([numbers, numbers + 1], axis=1), np.tile(numbers[:, None], DIM).astype(
        np.float32
    )


def test_before_the_first_batch_there_is_nothing(tmp_path: Path) -> None:
    assert read_finished(tmp_path / "none") is None
    PartialFeatures(tmp_path, encoder=make_card())
    assert read_finished(tmp_path) is None


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), cut=st.integers(0, 39))
def test_what_was_added_is_read_back_without_half_rows(
    tmp_path_factory: object, sizes: list[int], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("job")  # type: ignore[attr-defined]
    writer = PartialFeatures(folder, encoder=make_card())
    first = 0
    for size in sizes:
        writer.add(*make_batch(size, first=first))
        first += size
    for name in (COORDS, FEATURES):  # as if the worker were in the middle of a write
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + content[:cut])

    found = read_finished(folder)

    assert found.encoder == make_card()
    coords, features = make_batch(first, first=0)
    np.testing.assert_array_equal(found.coords[:first], coords)
    np.testing.assert_array_equal(found.features[:first], features)
    assert len(found.coords) == len(found.features) <= first + cut // 8


def test_of_a_job_that_is_over_nothing_is_left(tmp_path: Path) -> None:
    PartialFeatures(tmp_path, encoder=make_card()).add(*make_batch(4, first=0))

    discard_partial(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert read_finished(tmp_path) is None
    discard_partial(tmp_path / "none")


def test_a_second_run_starts_anew(tmp_path: Path) -> None:
    PartialFeatures(tmp_path, encoder=make_card()).add(*make_batch(4, first=0))

    PartialFeatures(tmp_path, encoder=make_card()).add(*make_batch(2, first=7))

    assert read_finished(tmp_path).coords[:, 0].tolist() == [7, 8]
