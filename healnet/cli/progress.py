"""Progress on standard error: a line that moves on a terminal, one now and then in a log."""

import sys
import time

from healnet.data.encode_progress import Progress
from healnet.exceptions import printable

_SECONDS_BETWEEN_LINES = 5.0


class ProgressLine:
    """Draws how far a long work is.

    Args:
        is_quiet: True to draw nothing.
    """

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._is_quiet = is_quiet
        self._last = 0.0
        self._width = 0

    def show(self, text: str, *, is_last: bool = False) -> None:
        """Draw a line of text, unless the last one is too recent."""
        now = time.monotonic()
        pause = 0.1 if self._is_terminal else _SECONDS_BETWEEN_LINES
        if self._is_quiet or (now - self._last < pause and not is_last):
            return
        self._last = now
        text = printable(text)
        if self._is_terminal:
            sys.stderr.write("\r" + text.ljust(self._width) + ("\n" if is_last else ""))
            self._width = len(text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


def describe(progress: Progress) -> str:
    """Return how far a work is, in words."""
    share = 100 * progress.done / max(progress.total, 1)
    text = f"{progress.stage}, {share:.0f} %"
    if progress.rate_per_s:
        text += f", {progress.rate_per_s:.3g}/s"
    if progress.seconds_left:
        text += f", {_duration(progress.seconds_left)} left"
    return text


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
