"""Reading feature files of strangers: nothing outside the file, nothing larger than it says.

An HDF5 file can point at other files of the machine, claim terabytes in a kilobyte, or hold
arrays that do not belong together. All of that is refused before a value is read.
"""

import hashlib
import math
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float, Int64, Shaped
from numpy import ndarray

from healnet.data.feature_facts import patch_size, read_facts
from healnet.data.feature_store import PatchFeatures
from healnet.exceptions import FeatureError, HealNetError, Notice
from healnet.slide.geometry import PatchGrid, grid_through
from healnet.slide.properties import marked_as_users

_FEATURE_NAMES = ("features", "feats")
_MAX_BYTES = 16 * 1024**3
_MAX_ROWS, _MAX_DIM = 1_000_000, 65_536
_MAX_INFLATION = 1_000  # times the size of the file
_MAX_OBJECTS = 1_000
_MAX_COORD = 2**31
_MAX_CHUNK = 64 * 1024**2
_CHUNK = 4 * 1024**2


def read_feature_file(path: Path) -> PatchFeatures:
    """Return the features of an HDF5 file.

    Raises:
        FeatureError: ``FEATURES-FILE`` (missing or damaged), ``FEATURES-UNSAFE``,
            ``FEATURES-LAYOUT``, ``FEATURES-SIZE``, ``FEATURES-LENGTH``, ``FEATURES-VALUES`` or
            ``FEATURES-EMPTY``.
    """
    if not path.is_file():
        raise FeatureError("there is no such file", code="FEATURES-FILE", where=path.name)
    try:
        with h5py.File(path, "r") as file:
            return _read(file, path)
    except HealNetError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise FeatureError(
            "the feature file cannot be read",
            code="FEATURES-FILE",
            where=path.name,
            why="it is damaged or not an HDF5 file",
            fix="copy it again, or encode the slide again",
        ) from error


def _check_rows(num_features: int, num_coords: int, path: Path) -> None:
    if num_features == 0:
        raise FeatureError("there is not one patch", code="FEATURES-EMPTY", where=path.name)
    if num_features != num_coords:
        raise FeatureError(
            f"{num_features:,} feature rows for {num_coords:,} patches",
            code="FEATURES-LENGTH",
            where=path.name,
            why="it cannot be told which patch is which",
            fix="encode the slide again",
        )


def _read(file: h5py.File, path: Path) -> PatchFeatures:
    _check_links(file, path)
    raw_features = _dataset(file, _FEATURE_NAMES, path)
    raw_coords = _dataset(file, ("coords",), path)
    features = _features(raw_features, path)
    coords = _coords(raw_coords, path)
    _check_rows(len(features), len(coords), path)
    facts = read_facts(file, raw_coords, path.name)
    size, size_notices = patch_size(facts, coords)
    mpp = facts.mpp()
    is_users = facts.text("mpp_source") == "user"
    return PatchFeatures(
        features=features,
        coords=coords,
        patch_size_l0=size,
        mpp=mpp,
        mpp_source=None if mpp is None else ("user" if is_users else "file"),
        patch_px=facts.count("patch_px"),
        grid=_grid(facts.json("grid"), coords, size),
        encoder=facts.card(),
        slide_sha256=facts.text("slide_sha256") or None,
        source_sha256=_sha256(path),
        name=facts.text("name") or path.stem,
        slide_width=facts.count("level0_width"),
        slide_height=facts.count("level0_height"),
        notices=(
            *_with_mark(facts.notices(), mpp if is_users else None, path.stem),
            *size_notices,
            *_repeated(coords, path),
        ),
    )


def _with_mark(
    notices: tuple[Notice, ...], users_mpp: float | None, name: str
) -> tuple[Notice, ...]:
    """Return the stored notices, with one about a pixel size given by hand if it is lacking."""
    if users_mpp is None or any(notice.code == "SLIDE-MPP-USER" for notice in notices):
        return notices
    return marked_as_users(notices, users_mpp, stated=users_mpp, name=name)


def _check_links(group: h5py.Group, path: Path) -> None:
    """Refuse links and datasets that reach outside the file."""
    waiting, count = [group], 0
    while waiting:
        for name in (current := waiting.pop()):
            count += 1
            if count > _MAX_OBJECTS:
                raise _unsafe(path, "it holds more objects than a feature file has")
            if not isinstance(current.get(name, getlink=True), h5py.HardLink):
                raise _unsafe(path, "it holds a link to another place")
            found = current[name]
            if isinstance(found, h5py.Dataset):
                if found.external or found.is_virtual:
                    raise _unsafe(path, "it keeps its values in another file")
            elif isinstance(found, h5py.Group):
                waiting.append(found)


def _unsafe(path: Path, what: str) -> FeatureError:
    return FeatureError(
        what,
        code="FEATURES-UNSAFE",
        where=path.name,
        why="reading it could show content of other files",
        fix="write the features into a plain file of their own",
    )


def _dataset(file: h5py.File, names: tuple[str, ...], path: Path) -> h5py.Dataset:
    for name in names:
        if isinstance(file.get(name), h5py.Dataset):
            return _checked(file[name], path)
    held = ", ".join(list(file)[:5]) or "nothing"
    raise FeatureError(
        f"no dataset {' or '.join(repr(name) for name in names)}; the file holds {held}",
        code="FEATURES-LAYOUT",
        where=path.name,
        why="the CLAM and TRIDENT layouts have 'features' or 'feats', and 'coords'",
        fix="export the features in one of these layouts",
    )


def _checked(found: h5py.Dataset, path: Path) -> h5py.Dataset:
    shape = found.shape[1:] if len(found.shape) == 3 and found.shape[0] == 1 else found.shape  # noqa: PLR2004
    if len(shape) != 2:  # noqa: PLR2004
        raise FeatureError(
            f"{found.name.strip('/')} has shape {found.shape}; two axes expected",
            code="FEATURES-LAYOUT",
            where=path.name,
        )
    size = math.prod(shape) * found.dtype.itemsize
    too_much = size > min(_MAX_BYTES, _MAX_INFLATION * path.stat().st_size)
    if shape[0] > _MAX_ROWS or shape[1] > _MAX_DIM or too_much:
        raise FeatureError(
            f"{found.name.strip('/')} claims {shape[0]:,} x {shape[1]:,} values",
            code="FEATURES-SIZE",
            where=path.name,
            why="that does not fit the file, or the memory",
            fix="encode the slide again, with a cap on the number of patches",
        )
    _check_chunk(found, size, path)
    return found


def _check_chunk(found: h5py.Dataset, size: int, path: Path) -> None:
    """Refuse pieces far larger than all values: each is unpacked whole to read any of them."""
    chunk = math.prod(found.chunks or (0,)) * found.dtype.itemsize
    if chunk > max(_MAX_CHUNK, size):
        raise FeatureError(
            f"{found.name.strip('/')} is stored in pieces of {chunk // 1024**2:,} MiB",
            code="FEATURES-SIZE",
            where=path.name,
            why="one of them would fill the memory",
            fix="encode the slide again, or store the features in smaller chunks",
        )


def _values(found: h5py.Dataset) -> Shaped[ndarray, "n d"]:
    values: ndarray = found[0] if len(found.shape) == 3 else found[:]  # noqa: PLR2004
    return values


def _features(found: h5py.Dataset, path: Path) -> Float[ndarray, "n d"]:
    values = _values(found)
    if values.dtype.kind != "f":
        raise FeatureError(
            f"features are {values.dtype}; floating-point numbers expected",
            code="FEATURES-LAYOUT",
            where=path.name,
        )
    is_small = values.dtype.itemsize <= 4  # noqa: PLR2004
    features = values.astype(values.dtype.newbyteorder("=") if is_small else np.float32)
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise FeatureError(
            f"{int(bad.sum()):,} of {len(bad):,} patches have features that are not finite",
            code="FEATURES-VALUES",
            where=f"{path.name}, first in row {int(bad.argmax())}",
            why="one such value makes every result meaningless",
            fix="encode the slide again",
        )
    return features


def _coords(found: h5py.Dataset, path: Path) -> Int64[ndarray, "n 2"]:
    values = _values(found)
    is_whole = values.dtype.kind in "iu"
    if values.dtype.kind == "f":
        is_whole = bool(np.isfinite(values).all() and (values % 1 == 0).all())
    is_pair = values.shape[1] == 2  # noqa: PLR2004
    is_placed = is_pair and is_whole and bool(((values >= 0) & (values < _MAX_COORD)).all())
    if not is_placed:
        raise FeatureError(
            "coordinates must be two whole numbers a patch, 0 or more",
            code="FEATURES-LAYOUT",
            where=path.name,
            why="they are level-0 pixels of the patch corners",
            fix="encode the slide again",
        )
    return values.astype(np.int64)


def _grid(stored: object, coords: Int64[ndarray, "n 2"], size: int) -> PatchGrid | None:
    """Return the stored lattice if the corners really lie on it, else the one they show."""
    if isinstance(stored, dict):
        try:
            grid = PatchGrid(**stored)
        except (TypeError, HealNetError):
            grid = None
        if grid is not None and (grid.top_left(grid.cells(coords)) == coords).all():
            return grid
    return grid_through(coords, size_l0=size)


def _repeated(coords: Int64[ndarray, "n 2"], path: Path) -> tuple[Notice, ...]:
    repeated = len(coords) - len(np.unique(coords, axis=0))
    if not repeated:
        return ()
    notice = Notice(
        code="FEATURES-REPEATED",
        what=f"{repeated:,} patches have the same corner as another one",
        where=path.name,
        why="they count twice, or features of two slides were put into one file",
        fix="keep one file a slide",
    )
    return (notice,)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
