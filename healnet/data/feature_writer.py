"""Writing a feature file: in pieces of any order, whole or not at all."""

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from healnet.data.sink_file import SinkFile

SCHEMA_VERSION = 1
ROWS_A_CHUNK = 1024
_PART = ".part"
_LEFTOVER_AFTER_S = 24 * 3600.0


class FeatureWriter:
    """Writes features to a file that appears whole or not at all.

    Rows may come in any order and in pieces; memory does not grow with the slide.

    Args:
        path: Where the file will be.
        coords: Top-left corners of all patches, level-0 pixels.
        dim: Number of features of a patch.
        dtype: ``float16`` or ``float32``.
    """

    def __init__(
        self, path: Path, *, coords: Int64[ndarray, "n 2"], dim: int, dtype: str
    ) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        self._part = path.with_name(f"{_part_prefix(path)}{secrets.token_hex(8)}{_PART}")
        self._sink = SinkFile(self._part)
        self._file = h5py.File(self._sink, "w")
        count = len(coords)
        self._features = self._file.create_dataset(
            "features",
            shape=(count, dim),
            maxshape=(None, dim),
            chunks=(max(min(count, ROWS_A_CHUNK), 1), dim),
            dtype=dtype,
        )
        self._coords = coords
        self._is_written = np.zeros(count, dtype=np.bool_)

    def write(self, rows: Int64[ndarray, " m"], features: Float[ndarray, "m d"]) -> None:
        """Store the features of some patches.

        Args:
            rows: Which rows of the coordinates these are, without repetition.
            features: One row each.

        Raises:
            OSError: If the disk is full or failed.
        """
        order = np.argsort(rows)
        if len(order):
            with self._disk_errors():
                self._features[rows[order]] = features[order]
            self._is_written[rows] = True

    def finish(self, attributes: Mapping[str, object], *, patch_size_l0: int) -> Path:
        """Write the rest and publish the file; rows that were never written are dropped.

        Args:
            attributes: Of the file; None is left out, mappings and lists are stored as JSON.
            patch_size_l0: Side of a patch, level-0 pixels.

        Raises:
            OSError: If the disk is full or failed; then there is no file.
        """
        with self._disk_errors():
            self._drop_unwritten()
            coords = self._file.create_dataset("coords", data=self._coords[self._is_written])
            coords.attrs["patch_size_level0"] = patch_size_l0
            self._file.attrs["schema_version"] = SCHEMA_VERSION
            for name, value in attributes.items():
                if value is not None:
                    is_plain = isinstance(value, str | int | float)
                    self._file.attrs[name] = value if is_plain else json.dumps(value)
            self._file.close()
        self._sink.close()
        publish(self._part, self._path)
        return self._path

    def __enter__(self) -> "FeatureWriter":
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not finished."""
        if self._file:
            self._file.close()
        self._sink.close()
        self._part.unlink(missing_ok=True)

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Raise what went wrong on the disk, whatever HDF5 makes of it."""
        try:
            yield
        except (OSError, RuntimeError, ValueError):
            if self._sink.error is None:
                raise
        if self._sink.error is not None:
            raise self._sink.error

    def _drop_unwritten(self) -> None:
        kept = np.flatnonzero(self._is_written)
        for start in range(0, len(kept), ROWS_A_CHUNK):
            rows = kept[start : start + ROWS_A_CHUNK]
            if (
                rows[-1] != start + len(rows) - 1
            ):  # rows move up only, so nothing is overwritten
                self._features[start : start + len(rows)] = self._features[rows]
        self._features.resize(len(kept), axis=0)


def _part_prefix(path: Path) -> str:
    return f".{path.stem[:80]}-"


def _remove_leftovers(path: Path) -> None:
    """Remove what runs that were killed long ago left of this file."""
    oldest = time.time() - _LEFTOVER_AFTER_S
    for part in path.parent.iterdir():
        is_part = part.name.startswith(_part_prefix(path)) and part.suffix == _PART
        if is_part and part.stat().st_mtime < oldest:
            part.unlink(missing_ok=True)


def publish(part: Path, path: Path) -> None:
    """Move a finished file to its place: a power cut leaves the old file or the new one."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
