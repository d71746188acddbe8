"""What a page shows when something breaks that nobody foresaw: one message, no traceback."""

import logging
import secrets

from app import layout
from healnet.exceptions import HealNetError

logger = logging.getLogger(__name__)


def show_unexpected(error: Exception) -> bool:
    """Log the error under a short id and show the error contract with that id.

    Returns:
        True: Streamlit must not show the exception itself.
    """
    if isinstance(error, HealNetError):
        layout.show_refusal(error)
        return True
    log_id = secrets.token_hex(4)
    logger.error("unexpected error %s", log_id, exc_info=error)
    layout.show_refusal(
        HealNetError(
            "something went wrong on this page",
            code=f"APP-{log_id}",
            why="the cause is in the server's log under this code; nothing was changed",
            fix="open the case again; if it happens once more, send the code and the report "
            "of the Diagnostics page to the maintainer",
        )
    )
    return True
