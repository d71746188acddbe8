"""Files that are whole or not there: written beside the target, flushed, then renamed."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from healnet.exceptions import BundleError

_NOTES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # of Finder and Explorer


def atomic_write(path: Path, content: bytes) -> Path:
    """Write one file so that a crash leaves the old content or the new, never a part.

    Args:
        path: Where it should be. Its folder is made if it is missing.
        content: Every byte of it.

    Returns:
        The same path.

    Raises:
        BundleError: ``FILE-KIND`` if a folder, a device or a pipe is there.
    """
    _refuse_other_kinds(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=".part"
    )
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return path


def _refuse_other_kinds(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise BundleError(
            "there is a folder, a device or a pipe of this name",
            code="FILE-KIND",
            where=path.name,
            why="a file would take its place",
            fix="choose another name",
        )


def write_folder(
    folder: Path, files: Mapping[str, bytes], *, may_hold: frozenset[str], last: str
) -> Path:
    """Write the files of a folder that counts as whole only when ``last`` is there.

    ``last`` is removed first and written at the end, so that a reader never takes a mixture of
    old and new files, or a part of them, for the whole.

    Args:
        folder: Where the folder should be.
        files: Content by file name.
        may_hold: Names that may already lie in the folder; anything else stops the writing.
        last: Name of the file that lists and vouches for the others.

    Raises:
        BundleError: ``MODEL-FOLDER-OCCUPIED`` if the folder holds something else.
    """
    refuse_strangers(folder, may_hold=may_hold)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / last).unlink(missing_ok=True)
    _sync_folder(folder)
    for name in sorted(files, key=lambda name: (name == last, name)):
        atomic_write(folder / name, files[name])
    return folder


def remove_left_overs(folder: Path) -> None:
    """Remove the parts of files that a killed run of this program was writing."""
    for path in folder.glob(".*.part") if folder.is_dir() else ():
        if is_left_over(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def is_left_over(name: str) -> bool:
    """Return whether a name is that of a half-written file, or of a file browser's notes."""
    return name in _NOTES or (name.startswith(".") and name.endswith(".part"))


def refuse_strangers(
    folder: Path,
    *,
    may_hold: frozenset[str],
    why: str = "writing a model there could destroy them",
    fix: str = "choose a new or an empty folder",
) -> None:
    """Refuse to use a folder in which somebody else's files lie.

    Args:
        folder: It need not exist.
        may_hold: Names that may lie there.
        why: What would happen.
        fix: What to do.

    Raises:
        BundleError: ``MODEL-FOLDER-OCCUPIED``, with the number and one name.
    """
    if folder.exists() and not folder.is_dir():
        strangers = [folder.name]
    else:
        found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        strangers = sorted(name for name in found - may_hold if not is_left_over(name))
    if strangers:
        raise BundleError(
            f"the place is taken by {len(strangers)} other file(s), e.g. {strangers[0]}",
            code="MODEL-FOLDER-OCCUPIED",
            where=folder.name,
            why=why,
            fix=fix,
        )


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; its rename is durable without it
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
