"""Score arrays for the viewer: float32, fetched once, named by their content.

Nothing here knows what a score means. A page publishes an array and puts its id into the scene;
the viewer fetches it and colours it.
"""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

from app.tiles.byte_cache import ByteCache
from healnet.exceptions import HealNetError

MAP_CACHE_BYTES = 256 * 1024**2
_MAP_ID = re.compile(r"[0-9a-f]{40}", re.ASCII)
_maps = ByteCache(MAP_CACHE_BYTES)


def publish_map(values: NDArray[np.floating]) -> str:
    """Keep an array for the viewer and return its id.

    The same content gets the same id, so that publishing it again in every rerun costs a hash
    and nothing else.

    Args:
        values: Scores by (row, column) of the lattice, NaN where there is no patch; or any
            other array of numbers that float32 holds.

    Raises:
        HealNetError: ``MAP-SIZE`` if the array is larger than all that can be kept.
    """
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    if len(content) > MAP_CACHE_BYTES // 8:
        raise HealNetError(
            f"a map of {values.size} values is too large to show",
            code="MAP-SIZE",
            fix="analyse the slide with larger or fewer patches",
        )
    shape = "x".join(str(side) for side in values.shape)
    map_id = hashlib.sha256(shape.encode() + b"\0" + content).hexdigest()[:40]
    _maps.put(map_id, content)
    return map_id


def map_url(map_id: str) -> str:
    """Return the address of a published map, relative to the server's root."""
    return f"maps/{map_id}.f32"


def find_map(map_id: str) -> bytes | None:
    """Return a published map, or None if there is none of that id (any more)."""
    return _maps.get(map_id) if _MAP_ID.fullmatch(map_id) else None
