"""Feature files: ours and those of strangers, sound, odd and hostile."""

import json
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.data.feature_store import (
    PatchFeatures,
    read_features,
    write_features,
)
from healnet.data.feature_writer import FeatureWriter
from healnet.encoders.registry import get_encoder
from healnet.exceptions import FeatureError, HealNetError, Notice
from healnet.slide.geometry import PatchGrid


def features(count: int = 20, dim: int = 8, dtype: str = "float32") -> PatchFeatures:
    generator = np.random.default_rng(count)
    grid = PatchGrid(stride_l0=256.5, patch_size_l0=257, columns=10, rows=10)
    cells = grid.cells_of_index(np.sort(generator.choice(100, count, replace=False)))
    return PatchFeatures(
        features=generator.normal(size=(count, dim)).astype(dtype),
        coords=grid.top_left(cells),
        patch_size_l0=257,
        mpp=0.499,
        mpp_source="file",
        patch_px=256,
        grid=grid,
        encoder=get_encoder("raw-rgb").card,
        slide_sha256="ab" * 32,
        name="a slide",
        slide_width=3000,
        slide_height=2800,
        notices=(Notice(code="SLIDE-CAPPED", what="some", where="w", why="y", fix="f"),),
    )


def test_a_pixel_size_given_by_hand_is_said_once_however_often_it_is_stored(
    tmp_path: Path,
) -> None:
    given = replace(features(), mpp_source="user", notices=())

    read = read_features(write_features(tmp_path / "a.h5", given))
    again = read_features(write_features(tmp_path / "b.h5", read))

    assert [one.code for one in again.notices] == ["SLIDE-MPP-USER"]
    assert again.notices == read.notices


@given(
    count=st.integers(1, 60),
    dim=st.integers(1, 9),
    dtype=st.sampled_from(["float16", "float32"]),
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, count: int, dim: int, dtype: str
) -> None:
    path = tmp_path_factory.mktemp("store") / "a.h5"
    before = features(count, dim, dtype)

    after = read_features(write_features(path, before))

    np.testing.assert_array_equal(after.features, before.features)
    np.testing.assert_array_equal(after.coords, before.coords)
    assert after.features.dtype == before.features.dtype
    arrays = {"features": before.features, "coords": before.coords}
    assert replace(after, **arrays, source_sha256="").__dict__ == before.__dict__


def test_the_same_features_make_the_same_file(tmp_path: Path) -> None:
    first = write_features(tmp_path / "a.h5", features())
    second = write_features(tmp_path / "b.h5", features())

    assert read_features(first).source_sha256 == read_features(second).source_sha256


def test_rows_may_come_in_any_order_and_some_not_at_all(tmp_path: Path) -> None:
    whole = features(50)
    order = np.random.default_rng(0).permutation(50)
    lost = {3, 17, 49}

    with FeatureWriter(
        tmp_path / "a.h5", coords=whole.coords, dim=whole.dim, dtype="float32"
    ) as writer:
        for start in range(0, 50, 8):
            rows = np.array([row for row in order[start : start + 8] if row not in lost])
            writer.write(rows, whole.features[rows])
        writer.finish({}, patch_size_l0=257)

    kept = [row for row in range(50) if row not in lost]
    read = read_features(tmp_path / "a.h5")
    np.testing.assert_array_equal(read.features, whole.features[kept])
    np.testing.assert_array_equal(read.coords, whole.coords[kept])


def test_what_is_not_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    whole = features()
    with FeatureWriter(
        tmp_path / "a.h5", coords=whole.coords, dim=8, dtype="float32"
    ) as writer:
        writer.write(np.arange(20), whole.features)

    assert list(tmp_path.iterdir()) == []


def _write_and_die(path: Path) -> None:
    whole = features()
    with FeatureWriter(path, coords=whole.coords, dim=8, dtype="float32") as writer:
        writer.write(np.arange(20), whole.features)
        os._exit(9)


@pytest.mark.slow
def test_a_process_that_dies_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = write_features(tmp_path / "a.h5", features(5))
    before = path.read_bytes()

    process = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(path,))
    process.start()
    process.join()

    assert process.exitcode == 9
    assert path.read_bytes() == before


def test_what_a_killed_run_left_is_removed_a_day_later(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".a-1.part", tmp_path / ".a-2.part"
    for part in (old, fresh):
        part.write_bytes(b"x")
    os.utime(old, (0, 0))

    write_features(tmp_path / "a.h5", features())

    assert sorted(path.name for path in tmp_path.iterdir()) == [".a-2.part", "a.h5"]


def test_the_bundled_features_of_a_real_slide_are_read(test_data: Path) -> None:
    path = test_data / "features" / "TCGA-AD-6964-01Z-00-DX1_features.h5"

    found = read_features(path)

    assert found.features.shape == (777, 512)
    assert found.patch_size_l0 == 512
    assert found.notices[0].code == "FEATURES-PATCH-SIZE"
    assert found.mpp is None
    assert found.encoder is None
    assert found.grid is not None
    np.testing.assert_array_equal(
        found.grid.top_left(found.grid.cells(found.coords)), found.coords
    )


Fill = Callable[[h5py.File], None]


def stranger(path: Path, fill: Fill) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def trident(file: h5py.File) -> None:
    file["features"] = np.ones((1, 4, 3), np.float16)
    file["coords"] = np.array([[0, 0], [512, 0], [0, 512], [512, 512]], np.int64)
    file["coords"].attrs["patch_size"] = 256
    file["coords"].attrs["patch_size_level0"] = 512
    file["coords"].attrs["level0_width"] = 5000
    file["coords"].attrs["name"] = "TCGA-X"


def clam(file: h5py.File) -> None:
    file["features"] = np.ones((4, 3), np.float32)
    file["coords"] = np.array([[0, 0], [1024, 0], [0, 1024], [1024, 1024]], np.int32)
    file["coords"].attrs["patch_size"] = 256
    file["coords"].attrs["patch_level"] = 1
    file["coords"].attrs["downsample"] = np.array([4.0, 4.0])


@pytest.mark.parametrize(("layout", "size"), [(trident, 512), (clam, 1024)])
def test_layouts_of_others_are_read(tmp_path: Path, layout: Fill, size: int) -> None:
    found = read_features(stranger(tmp_path / "a.h5", layout))

    assert found.features.shape == (4, 3)
    assert found.patch_size_l0 == size
    assert found.notices == ()
    assert found.grid is not None


def sound(file: h5py.File) -> None:
    file["features"] = np.ones((4, 3), np.float32)
    file["coords"] = np.array([[0, 0], [256, 0], [0, 256], [256, 256]], np.int64)


def _changed(**arrays: object) -> Fill:
    def fill(file: h5py.File) -> None:
        sound(file)
        for name, values in arrays.items():
            del file[name]
            if values is not None:
                file[name] = values

    return fill


def _external_link(file: h5py.File) -> None:
    sound(file)
    file["more"] = h5py.ExternalLink("secret.h5", "/")


def _soft_link(file: h5py.File) -> None:
    sound(file)
    group = file.create_group("group")
    group["again"] = h5py.SoftLink("/features")


def _external_values(file: h5py.File) -> None:
    sound(file)
    del file["features"]
    file.create_dataset("features", (4, 3), "f4", external=[("/etc/hostname", 0, 48)])


def _virtual(file: h5py.File) -> None:
    sound(file)
    del file["features"]
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 3))
    file.create_virtual_dataset("features", layout)


def _claims_terabytes(file: h5py.File) -> None:
    file.create_dataset(
        "features", (900_000, 1024), "f4", chunks=(2000, 1024), compression="gzip"
    )
    file["coords"] = np.zeros((4, 2), np.int64)


NAN_ROW = np.ones((4, 3), np.float32)
NAN_ROW[2, 1] = np.nan
HOSTILE: dict[str, tuple[Fill, str, str]] = {
    "external link": (_external_link, "FEATURES-UNSAFE", "link to another place"),
    "soft link in a group": (_soft_link, "FEATURES-UNSAFE", "link to another place"),
    "values in another file": (_external_values, "FEATURES-UNSAFE", "another file"),
    "virtual": (_virtual, "FEATURES-UNSAFE", "another file"),
    "claims terabytes": (_claims_terabytes, "FEATURES-SIZE", "does not fit"),
    "no features": (_changed(features=None), "FEATURES-LAYOUT", "no dataset"),
    "no coordinates": (_changed(coords=None), "FEATURES-LAYOUT", "no dataset 'coords'"),
    "zero patches": (
        _changed(features=np.ones((0, 3), np.float32), coords=np.ones((0, 2), np.int64)),
        "FEATURES-EMPTY",
        "not one patch",
    ),
    "other length": (
        _changed(coords=np.ones((3, 2), np.int64)),
        "FEATURES-LENGTH",
        "4 feature rows for 3 patches",
    ),
    "not a number": (_changed(features=NAN_ROW), "FEATURES-VALUES", r"1 of 4 .*"),
    "infinite": (
        _changed(features=np.full((4, 3), np.inf, np.float32)),
        "FEATURES-VALUES",
        "4 of 4",
    ),
    "whole numbers": (
        _changed(features=np.ones((4, 3), np.int64)),
        "FEATURES-LAYOUT",
        "floating-point",
    ),
    "text": (_changed(features=[["a"] * 3] * 4), "FEATURES-LAYOUT", "floating-point"),
    "one axis": (_changed(features=np.ones(4, np.float32)), "FEATURES-LAYOUT", "two axes"),
    "four axes": (
        _changed(features=np.ones((1, 1, 4, 3), np.float32)),
        "FEATURES-LAYOUT",
        "two axes",
    ),
    "scalar": (_changed(features=np.float32(1)), "FEATURES-LAYOUT", "two axes"),
    "negative place": (
        _changed(coords=np.full((4, 2), -1, np.int64)),
        "FEATURES-LAYOUT",
        "0 or more",
    ),
    "fraction of a pixel": (_changed(coords=np.full((4, 2), 0.5)), "FEATURES-LAYOUT", "whole"),
    "place beyond any slide": (
        _changed(coords=np.full((4, 2), 2**40)),
        "FEATURES-LAYOUT",
        "whole",
    ),
    "three coordinates": (_changed(coords=np.ones((4, 3), np.int64)), "FEATURES-LAYOUT", "two"),
    "one patch, no size": (
        _changed(features=np.ones((1, 3), np.float32), coords=np.ones((1, 2), np.int64)),
        "FEATURES-PATCH-SIZE",
        "one patch cannot tell",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, name: str) -> None:
    fill, code, words = HOSTILE[name]
    path = stranger(tmp_path / "a.h5", fill)

    with pytest.raises(FeatureError, match=words) as refusal:
        read_features(path)

    assert refusal.value.code == code
    assert refusal.value.where.startswith("a.h5")
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)

    with pytest.raises(FeatureError, match="FEATURES-FILE"):
        read_features(tmp_path / "a.h5")


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "a.h5", features(60, 512))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(FeatureError, match="FEATURES-FILE"):
        read_features(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="no such file"):
        read_features(tmp_path / "gone.h5")


@pytest.mark.parametrize("text", ["{", '{"name": "x"}', '{"name": "x", "dim": []}'])
def test_a_damaged_card_is_refused(tmp_path: Path, text: str) -> None:
    path = stranger(tmp_path / "a.h5", sound)
    with h5py.File(path, "a") as file:
        file.attrs["healnet_encoder_card"] = text

    with pytest.raises(HealNetError, match=r"FEATURES-FILE|ENCODER-CARD"):
        read_features(path)


@pytest.mark.parametrize("mpp", [-1.0, 352.8, float("nan"), "0.5"])
def test_an_impossible_pixel_size_is_not_believed(tmp_path: Path, mpp: object) -> None:
    path = stranger(tmp_path / "a.h5", sound)
    with h5py.File(path, "a") as file:
        file.attrs["mpp"] = mpp

    assert read_features(path).mpp is None


def test_a_stored_grid_that_does_not_fit_is_not_believed(tmp_path: Path) -> None:
    path = stranger(tmp_path / "a.h5", sound)
    wrong = PatchGrid(stride_l0=100.0, patch_size_l0=100, columns=3, rows=3)
    with h5py.File(path, "a") as file:
        file.attrs["grid"] = json.dumps(wrong.to_dict())

    found = read_features(path)

    assert found.grid is not None
    assert found.grid.stride_l0 == 256


def test_patches_in_one_place_are_mentioned(tmp_path: Path) -> None:
    corners = np.array([[0, 0], [256, 0], [0, 0], [256, 256]], np.int64)
    path = stranger(tmp_path / "a.h5", _changed(coords=corners))

    assert "FEATURES-REPEATED" in [each.code for each in read_features(path).notices]


def test_double_precision_is_reduced(tmp_path: Path) -> None:
    path = stranger(tmp_path / "a.h5", _changed(features=np.full((4, 3), 0.1)))

    assert read_features(path).features.dtype == np.float32


def test_big_endian_values_are_understood(tmp_path: Path) -> None:
    path = stranger(tmp_path / "a.h5", _changed(features=np.full((4, 3), 0.5, ">f4")))

    found = read_features(path).features

    assert found.dtype == np.float32
    assert found.dtype.isnative
    assert (found == 0.5).all()
