"""Identity of a slide: the SHA-256 of all its bytes."""

import hashlib
from collections.abc import Callable
from pathlib import Path

_CHUNK = 4 * 1024**2


def slide_sha256(path: Path, *, on_chunk: Callable[[int], object] | None = None) -> str:
    """Return the SHA-256 of a slide file, read in pieces.

    An MRXS slide is its index file and the files in the folder beside it; all of them are
    hashed, in the order of their names.

    Args:
        path: The slide file.
        on_chunk: Called with the number of bytes of each piece; may raise to stop.
    """
    digest = hashlib.sha256()
    for part in _parts(path):
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                if on_chunk is not None:
                    on_chunk(len(chunk))
    return digest.hexdigest()


def _parts(path: Path) -> list[Path]:
    folder = path.with_suffix("")
    if path.suffix.lower() != ".mrxs" or not folder.is_dir():
        return [path]
    return [path, *sorted(part for part in folder.iterdir() if part.is_file())]
