"""Bytes kept by name, the least recently used ones dropped first, up to a limit in bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable


class ByteCache:
    """A bounded store of byte strings that threads may share.

    Args:
        limit_bytes: Sum of the lengths that are kept. Longer entries are not kept at all.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes kept now."""
        return self._size

    def get(self, name: Hashable) -> bytes | None:
        """Return what is kept under a name, and count it as used."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: Hashable, content: bytes) -> None:
        """Keep something, and drop the oldest to make room."""
        if len(content) > self._limit_bytes:
            return
        with self._lock:
            self._size += len(content) - len(self._kept.pop(name, b""))
            self._kept[name] = content
            while self._size > self._limit_bytes:
                self._size -= len(self._kept.popitem(last=False)[1])
