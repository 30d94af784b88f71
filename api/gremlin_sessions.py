"""Open Gremlin sessions: one per owner and name, one request at a time in each, rolled back when nobody uses them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from bifrost.errors import QueryLimitError
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.source import Session

__all__ = ["GremlinSessions"]

_log = structlog.get_logger(__name__)
_LOOK = 0.1
"""Seconds after which a request that waits for a session looks whether it may go on waiting."""
_PATIENCE = 5.0
"""Seconds for which the end of a session waits for a request that uses it, whose client may read no more."""


@dataclass(slots=True, eq=False)
class _Open:
    """``lock`` is held while a request uses the session, and while it is rolled back; ``ended`` is set before that."""

    session: Session
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: bool = False


class GremlinSessions:
    """At most ``most``, and ``each`` of one owner; one that was not used for ``seconds`` is rolled back. A thread sees to that
    while any are open."""

    def __init__(self, make: Callable[[], Session], seconds: float, most: int, each: int) -> None:
        self._make, self._seconds, self._most, self._each = make, seconds, most, each
        self._open: dict[tuple[Any, str], _Open] = {}
        self._changed = threading.Condition()
        self._watching = False

    @contextmanager
    def using(self, owner: Any, name: str, check: Check = unchecked) -> Iterator[Session]:
        """The session of that name, opened where there is none, for one request: others of the session wait, and look at
        ``check`` meanwhile. Raises QueryLimitError where too many are open."""
        while True:
            found = self._find((owner, name))
            while not found.lock.acquire(timeout=_LOOK):
                check()
            try:
                if found.ended:
                    continue  # while this request waited
                try:
                    yield found.session
                finally:
                    _leave(found)
                return
            finally:
                found.lock.release()

    def close(self, owner: Any, name: str) -> None:
        """Rolls one back, if there is one of that name."""
        with self._changed:
            found = self._open.pop((owner, name), None)
            if found is not None:
                found.ended = True
            self._changed.notify()
        if found is not None:
            _end(found)

    def close_all(self) -> None:
        """Rolls all back. Requests that use one must have been told to stop."""
        with self._changed:
            every, self._open = list(self._open.values()), {}
            for found in every:
                found.ended = True
            self._changed.notify()
        for found in every:
            _end(found)

    def _find(self, key: tuple[Any, str]) -> _Open:
        with self._changed:
            found = self._open.get(key)
            if found is None:
                if sum(owner == key[0] for owner, _ in self._open) >= self._each:
                    raise QueryLimitError(
                        f"You have {self._each} sessions open, which is as many as one account may have.",
                        remedy=f"Close sessions that are not needed; one that nobody uses ends after {self._seconds:g} s.",
                    )
                if len(self._open) >= self._most:
                    raise QueryLimitError("Too many sessions are open.", remedy="Close sessions that are not needed.")
                found = self._open[key] = _Open(self._make(), time.monotonic())
                if not self._watching:
                    self._watching = True
                    threading.Thread(target=self._watch, name="gremlin-sessions", daemon=True).start()
            return found

    def _watch(self) -> None:
        """Ends when no session is open; the next one starts another."""
        while True:
            with self._changed:
                if not self._open:
                    self._watching = False
                    return
                oldest = min(found.used for found in self._open.values())
                self._changed.wait(max(oldest + self._seconds - time.monotonic(), self._seconds / 10))
            self._expire()

    def _expire(self) -> None:
        with self._changed:
            now = time.monotonic()
            old = [(key, found) for key, found in self._open.items() if found.used + self._seconds <= now]
        for key, found in old:
            if not found.lock.acquire(blocking=False):
                continue  # a request uses it
            try:
                with self._changed:
                    if found.used + self._seconds > time.monotonic() or self._open.get(key) is not found:
                        continue
                    del self._open[key]
                    found.ended = True
                _roll_back(found)
            finally:
                found.lock.release()


def _leave(found: _Open) -> None:
    found.used = time.monotonic()
    if found.ended:  # and its end waited in vain: what was changed since is taken back, too
        _roll_back(found)


def _end(found: _Open) -> None:
    mine = found.lock.acquire(timeout=_PATIENCE)
    try:
        _roll_back(found)
    finally:
        if mine:
            found.lock.release()


def _roll_back(found: _Open) -> None:
    try:
        found.session.rollback()
    except Exception:  # noqa: BLE001 - the others must end, too
        _log.exception("gremlin.session_not_rolled_back", session=found.session.name)
