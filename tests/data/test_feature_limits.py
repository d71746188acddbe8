"""A small feature file cannot ask for a large piece of memory."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from healnet.data.feature_store import read_features
from healnet.exceptions import FeatureError


def store(path: Path, chunks: tuple[int, int], rows: int = 4) -> Path:
    with h5py.File(path, "w") as file:
        file["coords"] = np.argwhere(np.ones((rows // 2, 2))) * 256
        file["coords"].attrs["patch_size_level0"] = 256
        features = file.create_dataset(
            "features", shape=(rows, 3), maxshape=(None, None), chunks=chunks, dtype="f4",
            compression="gzip",
        )  # fmt: skip
        if chunks[1] < 1e6:
            features[:] = 1.0
    return path


def test_pieces_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    path = store(tmp_path / "a.h5", (2, 100_000_000))

    with pytest.raises(FeatureError, match="features is stored in pieces of 762 MiB") as found:
        read_features(path)

    assert found.value.code == "FEATURES-SIZE"


@pytest.mark.parametrize("chunks", [(4, 3), (1, 3), (1024, 1024)])
def test_usual_pieces_are_read(tmp_path: Path, chunks: tuple[int, int]) -> None:
    assert len(read_features(store(tmp_path / "a.h5", chunks))) == 4
