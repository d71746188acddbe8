"""Whether a slide file is still the one that was opened: by size, time of change and inode."""

import hashlib
from pathlib import Path

from app.store.records import FileRecord
from healnet.exceptions import SlideError


def file_state(path: Path) -> str:
    """Return what changes when a slide file changes; empty if there is no such file.

    Size, time of change and inode; for MRXS, of every file in the folder beside it too.
    """
    try:
        facts = [_facts(part) for part in _parts(path)]
    except OSError:
        return ""
    return facts[0] if len(facts) == 1 else hashlib.sha256("|".join(facts).encode()).hexdigest()


def is_changed(slide: FileRecord) -> bool:
    """Return whether another file lies where a slide was opened. A missing one is none."""
    return bool(slide.state) and file_state(slide.path) not in {"", slide.state}


def check_unchanged(slide: FileRecord) -> None:
    """Refuse a slide whose file is not the one that was opened.

    Raises:
        SlideError: ``SLIDE-CHANGED``.
    """
    if is_changed(slide):
        raise changed_slide(slide.name)


def changed_slide(name: str) -> SlideError:
    """Return the refusal of a slide file that was replaced or written to."""
    return SlideError(
        "the slide file has changed since it was opened",
        code="SLIDE-CHANGED",
        where=name,
        why="it may be of another patient, so neither the slide nor the estimate is shown",
        fix="remove this case, open the slide again and analyse it again",
    )


def _parts(path: Path) -> list[Path]:
    folder = path.with_suffix("")
    if path.suffix.lower() != ".mrxs" or not folder.is_dir():
        return [path]
    return [path, *sorted(part for part in folder.iterdir() if part.is_file())]


def _facts(path: Path) -> str:
    facts = path.stat()
    return f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}"
