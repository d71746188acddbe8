"""Identity of a slide: the SHA-256 of all the bytes that make it up."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from healnet.slide.slide_parts import slide_parts

_CHUNK = 4 * 1024**2


def slide_sha256(path: Path, *, on_chunk: Callable[[int], object] | None = None) -> str:
    """Return the SHA-256 of a slide, read in pieces.

    For a slide of one file it is the SHA-256 of that file. Where several files make up the
    slide (:func:`healnet.slide.slide_parts.slide_parts`), each is preceded by its name and
    length, so that bytes cannot move from one file to the next unnoticed.

    Args:
        path: The slide file.
        on_chunk: Called with the number of bytes of each piece; may raise to stop.
    """
    digest = hashlib.sha256()
    parts = slide_parts(path)
    for part in parts:
        if len(parts) > 1:
            digest.update(_heading(part))
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                if on_chunk is not None:
                    on_chunk(len(chunk))
    return digest.hexdigest()


def _heading(part: Path) -> bytes:
    """Return name and length of a part; not its folder: a copy elsewhere is the same slide."""
    name = part.name.encode("utf-8", errors="surrogateescape")
    return b"%d %s %d\n" % (len(name), name, part.stat().st_size)
