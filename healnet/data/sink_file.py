"""A file for HDF5 to write to on a disk that may be full.

The HDF5 library does not survive a failed write: closing such a file fails again and ends the
process. So this file takes every write, keeps the first error, and lets the writer ask for it.
"""

import io
from pathlib import Path
from typing import Any


class SinkFile(io.FileIO):
    """A new file that never fails while it is written; ``error`` says what did.

    Once something failed, nothing more is written: what lies on the disk is not to be used.

    Args:
        path: A file that does not exist yet.

    Attributes:
        error: The first failure, or None.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self.error: OSError | None = None

    def write(self, data: Any, /) -> int:  # noqa: ANN401  (any buffer, as in the base class)
        """Write all of a buffer, or keep why not; return its size in both cases."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while self.error is None and written < len(view):
                written += super().write(view[written:]) or 0
        except OSError as error:
            self.error = error
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size, or keep why not."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0
