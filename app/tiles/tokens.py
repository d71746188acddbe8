"""Signed slide ids for web addresses.

A token is the slide's id with a signature of this process. It is the same each time it is
minted, so that the browser's cache works across reruns, and worthless after a restart. It never
holds a path, and what a client sends is only ever looked up, never opened.
"""

import re
import secrets
from functools import lru_cache

from itsdangerous import BadData, URLSafeSerializer

MAX_TOKEN = 512
_ALLOWED = re.compile(r"[A-Za-z0-9_.=-]+", re.ASCII)
_serializer = URLSafeSerializer(secrets.token_bytes(32), salt="slide")


def mint_token(slide_id: str) -> str:
    """Return the token of a slide for this process."""
    return str(_serializer.dumps(slide_id))


@lru_cache(maxsize=1024)  # every tile asks, for the same few slides
def read_token(token: str) -> str | None:
    """Return the slide id in a token, or None if this process did not sign it."""
    if len(token) > MAX_TOKEN or not _ALLOWED.fullmatch(token):
        return None
    try:
        slide_id = _serializer.loads(token)
    except BadData:
        return None
    return slide_id if isinstance(slide_id, str) else None
