"""What the requests that one pass of an event loop finds have in common: one burst of answers, one look at the graph.

Waking a client that sleeps costs more than answering a small request. So where several requests arrive in one pass, their
answers are written together when it ends; the first wakes the client, the others find it awake. A request that comes
alone is answered at once.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["Turns"]

_ANSWERS = 64
"""Answers that wait at most; more are written before the pass ends."""
_LOOKS = 256
"""Requests that share a moment at most. libuv asks for new events after 1,024 in a pass; those came later."""


class Turns:
    """The passes of one event loop. Not for other threads. It does not hold the loop, which may end before it."""

    def __init__(self) -> None:
        self._moment: dict[Any, Any] | None = None
        self._looks = self._answers = 0
        self._several = False
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "Turns":
        """The turns of a loop, the same for all who ask."""
        found = _TURNS.get(loop)
        if found is None:
            found = _TURNS[loop] = cls()
        return found

    def moment(self, last: dict[Any, Any] | None) -> dict[Any, Any]:
        """Where to keep what was found out for requests that had begun to arrive when this pass began. ``last`` is what
        the connection got before: what it asks after that in the same pass may have arrived later, and gets a new one."""
        moment = self._moment
        if moment is None:
            asyncio.get_running_loop().call_soon(self._end)
        elif moment is not last and self._looks < _LOOKS:
            self._looks += 1
            return moment
        self._moment = moment = {}
        self._looks = 1
        return moment

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Writes an answer in the pass in which its :meth:`moment` was asked for: at once, or when the pass ends."""
        self._answers += 1
        if self._answers == 1 and not self._several:
            transport.write(data)
            return
        self._waiting.append((transport, data))
        if len(self._waiting) >= _ANSWERS:
            self.flush()

    def flush(self) -> None:
        """Writes the answers that wait."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)

    def _end(self) -> None:
        self._several = self._answers > 1
        self._answers, self._moment = 0, None
        if self._waiting:
            self.flush()


_TURNS: "WeakKeyDictionary[asyncio.AbstractEventLoop, Turns]" = WeakKeyDictionary()
