"""Get ready while the reader looks at the first page: load the model, read the showcase cases.

The first page must not wait for torch; the second should not either. So the heavy imports
happen in a thread that starts with the server, once in a process.
"""

import logging
import threading
import time

from app.store.workspace import Workspace
from healnet.exceptions import HealNetError

PAUSE_S = 2.0  # after the first case, so that its page is drawn before the next is read

logger = logging.getLogger(__name__)
_started = threading.Event()
_loaded = threading.Event()
_ready = threading.Event()
_lock = threading.Lock()


def begin(workspace: Workspace) -> None:
    """Start to get ready, unless that has begun already."""
    with _lock:
        if _started.is_set():
            return
        _started.set()
    threading.Thread(target=_prepare, args=(workspace,), name="warm-up", daemon=True).start()


def are_parts_loaded() -> bool:
    """Return whether the heavy parts of the other pages have been imported."""
    return _loaded.is_set()


def load_parts() -> None:
    """Import the heavy parts of the other pages; quick once they are there."""
    from app.panels import model_card, rail, slide_view  # noqa: F401, PLC0415  (on purpose)

    _loaded.set()


def is_under_way() -> bool:
    """Return whether the showcase cases are being read right now."""
    return _started.is_set() and not _ready.is_set()


def _prepare(workspace: Workspace) -> None:
    load_parts()
    from app.reading import read_case  # noqa: PLC0415

    for number, case in enumerate(workspace.study.list()):
        if number:
            time.sleep(PAUSE_S)
        try:
            read_case(workspace, case)
        except HealNetError as error:
            logger.warning("showcase case not ready: %s", error.code)
    _ready.set()
