"""A gate for slow reads: few at a time, the newest first, and none for those who have left.

While a reader pans, the tiles asked for last are the ones in view. A plain queue would first
read those that have already left the screen. Nobody is forgotten, though: whoever has waited
for half a second comes next.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TooBusyError(Exception):
    """The queue is full, or the wait was too long: answer 503."""


class NewestFirst:
    """Lets ``limit`` holders in at once; the longest waiting are served last.

    Args:
        limit: Holders at once.
        max_waiting: Length of the queue.
        max_wait_s: Longest wait, seconds; after that the answer is "busy".
        patience_s: Whoever has waited so long comes before the newest, seconds.
    """

    def __init__(
        self,
        limit: int,
        *,
        max_waiting: int = 256,
        max_wait_s: float = 10.0,
        patience_s: float = 0.5,
    ) -> None:
        self._free = limit
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._patience_s = patience_s
        self._waiting: dict[asyncio.Future[None], float] = {}  # oldest first

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
        self._waiting[turn] = time.monotonic()
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
        if self._waiting.pop(turn, None) is None:
            return False
        turn.cancel()
        return True

    def _leave(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        oldest, since = next(iter(self._waiting.items()))
        is_overdue = time.monotonic() - since > self._patience_s
        turn = oldest if is_overdue else next(reversed(self._waiting))
        del self._waiting[turn]
        turn.set_result(None)
