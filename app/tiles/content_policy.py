"""The content security policy: nothing is loaded from anywhere but this server.

Two things Streamlit needs are let through by name. It loads the script of a component from a
blob of its own page (a blob of another origin does not match), and its start page holds a short
inline script, which is allowed by the hash of the installed version.
"""

import base64
import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@lru_cache(maxsize=1)
def content_security_policy() -> str:
    """Return the policy for every answer of this process."""
    hashes = "".join(f" '{each}'" for each in inline_script_hashes(_start_page()))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob:{hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )


def inline_script_hashes(page: str) -> list[str]:
    """Return the policy's names (``sha256-...``) of the inline scripts of a page."""
    digests = (hashlib.sha256(script.encode()) for script in _INLINE_SCRIPT.findall(page))
    return [f"sha256-{base64.b64encode(digest.digest()).decode()}" for digest in digests]


def _start_page() -> str:
    """Return Streamlit's start page, found without importing Streamlit."""
    spec = find_spec("streamlit")
    if spec is None or spec.origin is None:
        return ""
    page = Path(spec.origin).parent / "static" / "index.html"
    return page.read_text(encoding="utf-8") if page.is_file() else ""
