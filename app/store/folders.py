"""Slides in the folders that the administrator allows: listed by name, opened without copying.

A browser sends back the id of an entry, never a path. The id is a hash of the path, looked up
in a fresh listing, so nothing outside the allowed folders can be named.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.tiles.uploads import SUFFIXES

MAX_ENTRIES = 500
MAX_DEPTH = 4


@dataclass(frozen=True, kw_only=True)
class FolderEntry:
    """A slide file that may be opened.

    Attributes:
        id: Hash of the path.
        name: Path below its allowed folder, for people.
        size: Bytes.
    """

    id: str
    name: str
    size: int
    path: Path


def list_slides(roots: tuple[Path, ...]) -> tuple[FolderEntry, ...]:
    """Return the slide files below the allowed folders, by name.

    Links that lead out of their folder are left out. At most 500 entries, four levels deep.
    """
    entries: dict[Path, FolderEntry] = {}
    for root in roots:
        for path in _walk(root.resolve(), depth=0):
            if len(entries) >= MAX_ENTRIES:
                break
            real = path.resolve()
            if _is_slide(real, root.resolve()) and real not in entries:
                entries[real] = _entry(real, path, root)
    return tuple(sorted(entries.values(), key=lambda entry: entry.name.lower()))


def find_entry(roots: tuple[Path, ...], entry_id: str) -> FolderEntry | None:
    """Return the listed slide of that id, or None if it is not there (any more)."""
    return next((entry for entry in list_slides(roots) if entry.id == entry_id), None)


def _walk(folder: Path, *, depth: int) -> Iterator[Path]:
    try:
        children = sorted(os.scandir(folder), key=lambda child: child.name)
    except OSError:  # not there, or not ours to read: nothing to list
        return
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
            yield from _walk(Path(child.path), depth=depth + 1)
        elif Path(child.name).suffix.lower() in SUFFIXES:
            yield Path(child.path)


def _is_slide(real: Path, root: Path) -> bool:
    return real.is_relative_to(root) and real.is_file()


def _entry(real: Path, shown: Path, root: Path) -> FolderEntry:
    return FolderEntry(
        id=hashlib.sha256(os.fsencode(real)).hexdigest()[:32],
        name=str(shown.relative_to(root.resolve())),
        size=real.stat().st_size,
        path=real,
    )
