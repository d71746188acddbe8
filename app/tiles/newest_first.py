"""A gate for slow reads: few at a time, the newest first, and none for those who have left.

While a reader pans, the tiles asked for last are the ones in view. A plain queue would first
read those that have already left the screen.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TooBusyError(Exception):
    """The queue is full, or the wait was too long: answer 503."""


class NewestFirst:
    """Lets ``limit`` holders in at once; the longest waiting are served last.

    Args:
        limit: Holders at once.
        max_waiting: Length of the queue.
        max_wait_s: Longest wait, seconds.
    """

    def __init__(self, limit: int, *, max_waiting: int = 256, max_wait_s: float = 10.0) -> None:
        self._free = limit
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises:
            TooBusyError: If the queue is full or the wait too long.
        """
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if self._free > 0:
            self._free -= 1
            return
        if len(self._waiting) >= self._max_waiting:
            raise TooBusyError
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._max_wait_s)
        except TimeoutError:
            if not self._give_up(turn):  # the turn came in the same moment
                return
            raise TooBusyError from None
        except asyncio.CancelledError:
            if not self._give_up(turn):
                self._leave()
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> bool:
        if turn in self._waiting:
            self._waiting.remove(turn)
            turn.cancel()
            return True
        return False

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
