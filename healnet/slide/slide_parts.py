"""The files that make up a slide: what a reader opens beside the one that was chosen."""

import configparser
from functools import lru_cache
from pathlib import Path

from healnet.exceptions import SlideError
from healnet.slide.dicom_header import series_of
from healnet.slide.sniff import slide_kind

_MAX_INDEX = 1024**2
_MAX_FILES = 10_000
_MAX_NAME = 255


def slide_parts(path: Path) -> tuple[Path, ...]:
    """Return the chosen file, then the others in order of their names.

    MRXS: the files of the folder beside it. VMS and VMU: the files that the index lists. DICOM:
    the files of the same series in its folder, in order of their names whichever was chosen.
    All other slides are one file.
    """
    facts = path.stat()
    folders = [path.parent, path.with_suffix("")]
    changed = tuple(folder.stat().st_mtime_ns for folder in folders if folder.is_dir())
    return _parts(path, (facts.st_size, facts.st_mtime_ns, facts.st_ino), changed)


@lru_cache(maxsize=256)
def _parts(path: Path, _facts: tuple[int, ...], _changed: tuple[int, ...]) -> tuple[Path, ...]:
    """Remember the parts while neither the file nor the content list of its folders changes."""
    try:
        kind = slide_kind(path)
    except SlideError:  # no slide: one file, whatever it is
        return (path,)
    if kind == "mirax":
        folder = path.with_suffix("")
        return (path, *_files(folder)) if folder.is_dir() else (path,)
    if kind == "vms":
        return (path, *_listed(path))
    if kind == "dicom":
        return _series(path)
    return (path,)


def _files(folder: Path) -> list[Path]:
    return sorted(part for part in folder.iterdir() if part.is_file())


def _listed(path: Path) -> list[Path]:
    """Return the files that a Hamamatsu index names, those that are there."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    with path.open("rb") as file:
        text = file.read(_MAX_INDEX).decode("utf-8", errors="replace")
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    values = {value for section in parser.sections() for value in parser[section].values()}
    named = {path.parent / Path(value).name for value in values if len(value) <= _MAX_NAME}
    return sorted(part for part in named if part.is_file() and part != path)


def _series(path: Path) -> tuple[Path, ...]:
    wanted = series_of(path)
    others = _files(path.parent)[:_MAX_FILES]
    found = tuple(part for part in others if part == path or _is_of(part, wanted))
    return found if wanted else (path,)


def _is_of(part: Path, series: str) -> bool:
    try:
        with part.open("rb") as file:
            is_dicom = file.read(132)[128:] == b"DICM"
        return is_dicom and series_of(part) == series
    except OSError:  # not ours to read, so no reader opens it either
        return False
