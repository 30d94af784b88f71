"""How a projection keeps step with the change log: in one thread at a time, and never silently behind.

Whoever asks a projection sees all that was written before, as long as following takes seconds. Longer backlogs, as a
build makes them, are followed in slices by a service (api/follower.py), and answers say what they leave out.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing

import structlog

from bifrost.ports import Lag
from graphstore.log import SqlChangeLog

__all__ = ["A_LITTLE", "IN_STEP", "Following", "warn"]

_log = structlog.get_logger(__name__)

A_LITTLE = 10_000
"""Changes that are followed in about two seconds."""
_PATIENCE = 5.0
"""Seconds for which a query follows."""
IN_STEP = Lag(0, 0.0)


def warn(name: str, lag: Lag) -> None:
    """What happens where nobody asks how much an answer leaves out."""
    _log.warning("projection.behind", projection=name, changes=lag.changes, seconds=round(lag.seconds, 1))


class Following:
    """Follows ``log``. ``position`` tells how far a projection is; ``steps`` applies what is left of the log batch by
    batch, giving the number of changes of each. It has ended what it began when it is closed, and says what went wrong."""

    def __init__(
        self, log: SqlChangeLog, position: Callable[[], int], steps: Callable[[], Generator[int, None, None]]
    ) -> None:
        self._log, self._position, self._steps = log, position, steps
        self.lock = threading.Lock()
        """Held while following; hold it to rebuild."""

    def lag(self) -> Lag:
        position = self._position()  # before the log's, which only grows
        changes = self._log.position() - position
        return Lag(changes, self._log.age(position)) if changes > 0 else IN_STEP

    def finish(self) -> int:
        """Follows to the end; returns how many changes were applied."""
        with self.lock:
            return sum(self._steps())

    def follow(self, seconds: float) -> Lag:
        """Follows for so many seconds at most, up to where the log ends now; returns what is left of that."""
        deadline, end = time.monotonic() + seconds, self._log.position()
        if self._position() == end:
            return IN_STEP
        if self.lock.acquire(timeout=seconds):
            try:
                with closing(self._steps()) as steps:
                    for _ in steps:
                        if self._position() >= end or time.monotonic() >= deadline:
                            break
            finally:
                self.lock.release()
        return IN_STEP if self._position() >= end else self.lag()

    def for_a_query(self) -> Lag:
        """Follows as far as a query waits for it; returns what the answer will leave out. Where a long backlog is being
        followed already, waiting would help nobody."""
        lag = self.lag()
        return lag if lag.changes > A_LITTLE and self.lock.locked() else self.follow(_PATIENCE)
