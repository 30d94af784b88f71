"""What the requests that one pass of an event loop finds have in common: one burst of answers, one look at the graph.

Waking a client that sleeps costs more than answering a small request. So where several requests arrive in one pass, their
answers are written together when it ends; the first wakes the client, the others find it awake. A request that comes
alone is answered at once, and the loop stays awake for the next one for a moment: a client that asks one question after
the other does not wait for the server's processor to wake.
"""

import asyncio
import os
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["Turns"]

_ANSWERS = 64
"""Answers that wait at most; more are written before the pass ends."""
_LOOKS = 256
"""Requests that share a moment at most. libuv asks for new events after 1,024 in a pass; those came later."""
_AWAKE_SECONDS = 0.0003
"""How long the loop looks for the next request after one that came alone, before it sleeps."""
_BUSY_SECONDS = 0.001
"""A loop that is kept from looking for so long has to share its processor. It had better sleep between requests for a
while: the system favours those that wake over those that wait running."""
_SOON_SECONDS = 0.03
_REST_SECONDS = (0.01, 2.0)
"""The least and the most of that while. Each time that it is soon kept from looking again, it is twice as long."""
_let_others = getattr(os, "sched_yield", lambda: None)


class Turns:
    """The passes of one event loop. Not for other threads. It does not hold the loop, which may end before it."""

    def __init__(self) -> None:
        self._moment: dict[Any, Any] | None = None
        self._looks = self._answers = 0
        self._several = False
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._is_awake = False
        self._looked = self._awake_until = self._rest_until = 0.0
        self._rest = _REST_SECONDS[0]

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
            self._stay_awake()
            return
        self._waiting.append((transport, data))
        if len(self._waiting) >= _ANSWERS:
            self.flush()

    def _stay_awake(self) -> None:
        now = perf_counter()
        self._awake_until = now + _AWAKE_SECONDS
        if not self._is_awake and now > self._rest_until:
            self._is_awake, self._looked = True, now
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Has the loop look for events once more instead of sleeping until there are some."""
        _let_others()  # the client may need this very processor to ask again
        now = perf_counter()
        if now - self._looked > _BUSY_SECONDS:
            again = now - self._rest_until < _SOON_SECONDS
            self._rest = min(2 * self._rest, _REST_SECONDS[1]) if again else _REST_SECONDS[0]
            self._rest_until = now + self._rest
        self._looked = now
        self._is_awake = now < self._awake_until and now > self._rest_until and not self._several
        if self._is_awake:
            asyncio.get_running_loop().call_soon(self._look)

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
