"""Files that are kept as copies have random names on disk; people know them by another."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from healnet.exceptions import HealNetError, Notice

if TYPE_CHECKING:
    from pathlib import Path

    from app.store.records import FileRecord


def rename_in(error: HealNetError, path: "Path", name: str) -> None:
    """Put the name that the user knows in the place of a file's name on disk."""
    for text in ("what", "where", "why", "fix"):
        setattr(error, text, getattr(error, text).replace(path.name, name))


def as_known(notice: Notice, files: "Iterable[FileRecord]") -> Notice:
    """Return the notice with the files of a case under the names that the user knows."""
    for file in files:
        texts = notice.to_dict()
        del texts["code"]
        known = {key: text.replace(file.path.name, file.name) for key, text in texts.items()}
        notice = replace(notice, **known)
    return notice
