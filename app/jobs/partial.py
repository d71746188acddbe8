"""Patches that a running job has finished: two files that only grow, gone when it ends.

The worker appends; the app reads as many whole rows as both files hold. So the model can run on
what is there, and the overlay fills in, without a file ever being written twice.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healnet.encoders.protocol import EncoderCard

COORDS, FEATURES, CARD = "coords.i64", "features.f32", "encoder.json"


class FinishedPatches(NamedTuple):
    """What a job has finished so far, in the order in which it was finished."""

    features: NDArray[np.float32]  # (n, d)
    coords: NDArray[np.int64]  # (n, 2), level-0 pixels
    encoder: EncoderCard


class PartialFeatures:
    """The worker's end: appends each batch."""

    def __init__(self, folder: Path, *, encoder: EncoderCard) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (COORDS, FEATURES):
            (folder / name).write_bytes(b"")
        (folder / CARD).write_text(json.dumps(encoder.to_dict()), encoding="utf-8")

    def add(self, coords: NDArray[np.int64], features: NDArray[np.float32]) -> None:
        """Append a batch: features first, so that a counted corner always has its row."""
        with (self._folder / FEATURES).open("ab") as file:
            file.write(np.ascontiguousarray(features, dtype=np.float32).tobytes())
        with (self._folder / COORDS).open("ab") as file:
            file.write(np.ascontiguousarray(coords, dtype=np.int64).tobytes())


def read_finished(folder: Path) -> FinishedPatches | None:
    """Return the patches finished so far, or None if there is not one."""
    try:
        encoder = EncoderCard.from_dict(json.loads((folder / CARD).read_text("utf-8")))
        coords = _whole_rows(folder / COORDS, dtype=np.dtype(np.int64), columns=2)
        features = _whole_rows(
            folder / FEATURES, dtype=np.dtype(np.float32), columns=encoder.dim
        )
    except FileNotFoundError:  # not begun yet, or over this very moment
        return None
    count = min(len(coords), len(features))
    if count == 0:
        return None
    return FinishedPatches(features[:count], coords[:count], encoder)


def discard_partial(folder: Path) -> None:
    """Delete what a job had finished: it has ended, and nothing is read from it any more."""
    for name in (CARD, COORDS, FEATURES):  # the card first: without it nobody looks further
        (folder / name).unlink(missing_ok=True)


def _whole_rows(path: Path, *, dtype: np.dtype, columns: int) -> NDArray:  # type: ignore[type-arg]
    content = path.read_bytes()
    row_bytes = dtype.itemsize * columns
    whole = len(content) // row_bytes * row_bytes
    return np.frombuffer(content[:whole], dtype=dtype).reshape(-1, columns)
