"""Get ready while the reader looks at the first page: load the model, read the showcase cases.

The first page must not wait for torch; the second should not either. So the heavy imports
happen in a thread that starts when the worklist has been drawn, once in a process.
"""

import logging
import threading

from app.store.workspace import Workspace
from healnet.exceptions import HealNetError

logger = logging.getLogger(__name__)
_started = threading.Event()
_lock = threading.Lock()


def begin(workspace: Workspace) -> None:
    """Start to get ready, unless that has begun already."""
    with _lock:
        if _started.is_set():
            return
        _started.set()
    threading.Thread(target=_prepare, args=(workspace,), name="warm-up", daemon=True).start()


def _prepare(workspace: Workspace) -> None:
    from app.panels import rail, slide_view  # noqa: F401, PLC0415  (heavy imports, on purpose)
    from app.reading import read_case  # noqa: PLC0415

    for case in workspace.study.list():
        try:
            read_case(workspace, case)
        except HealNetError as error:
            logger.warning("showcase case not ready: %s", error.code)
