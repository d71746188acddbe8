"""The built viewer (script, style, fonts), read once and served from memory."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DIST = Path(__file__).resolve().parents[1] / "viewer" / "dist"
_SERVED = frozenset({".js", ".css", ".woff2", ".txt"})


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One built file.

    Attributes:
        path: Where it lies.
        body: Its content.
        etag: Short hash of the content.
    """

    path: Path
    body: bytes
    etag: str


def find_asset(name: str, *, dist: Path = DIST) -> Asset | None:
    """Return a built file by its name below the folder, or None.

    Names are looked up in a list of what the build made; nothing is joined to a path.
    """
    return _assets(dist, _stamp(dist)).get(name)


def _stamp(dist: Path) -> int:
    script = dist / "viewer.js"
    return script.stat().st_mtime_ns if script.is_file() else 0


@lru_cache(maxsize=4)
def _assets(dist: Path, stamp: int) -> dict[str, Asset]:
    if not stamp:
        return {}
    files = (path for path in dist.rglob("*") if path.suffix in _SERVED and path.is_file())
    return {path.relative_to(dist).as_posix(): _load(path) for path in files}


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(path=path, body=body, etag=hashlib.sha256(body).hexdigest()[:20])
