"""Keeps search and SPARQL in step with the change log while the service runs, whoever writes: a build, a person's edit,
another process on the same store.

One process per data directory does this; it holds ``follower.lock``. Where it ends, another service takes over.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from bifrost.errors import BifrostError
from bifrost.ports import Projection

__all__ = ["UNEXPECTED", "Follower"]

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 0.2
_SLICE_SECONDS = 1.0
"""Following longer than this pauses, so that the service can stop."""
_LONG = 10_000
"""A backlog of more changes comes from a build, which needs the processor too."""
_TAKE_OVER_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 60.0
UNEXPECTED = "Something unexpected went wrong: see the service's log."


class Follower:
    """A thread per projection, from :meth:`start` until :meth:`close`, so that a slow one holds up no other."""

    def __init__(self, projections: Sequence[Projection], lock: Path) -> None:
        self._projections = projections
        self._lock = FileLock(lock, thread_local=False)
        self._taking = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failed: dict[str, str] = {}

    def start(self) -> None:
        for projection in () if self._threads else self._projections:
            thread = threading.Thread(target=self._run, args=(projection,), name=f"follow-{projection.name}")
            thread.daemon = True
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Ends the threads, each after what it is applying. Safe to call twice."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._lock.release()

    def failure(self, name: str) -> str:
        """Why a projection cannot follow now; empty where it can."""
        return self._failed.get(name, "")

    def _run(self, projection: Projection) -> None:
        pause, failed = 0.0, ""
        while not self._stop.wait(pause):
            try:
                pause = self._follow(projection) if self._is_mine() else _TAKE_OVER_SECONDS
            except Exception as error:  # noqa: BLE001 - a thread that ended would leave the projection behind for good
                if repr(error) != failed:
                    failed = repr(error)
                    expected = isinstance(error, BifrostError)
                    self._failed[projection.name] = str(error) if expected else UNEXPECTED
                    _log.warning("follower.failed", projection=projection.name, error=failed, exc_info=not expected)
                pause = min(max(pause, _LOOK_SECONDS) * 2, _LONGEST_WAIT_SECONDS)
            else:
                if failed:
                    failed = ""
                    del self._failed[projection.name]
                    _log.info("follower.recovered", projection=projection.name)

    def _follow(self, projection: Projection) -> float:
        """Follows for a while; returns how long to wait before more."""
        began = time.monotonic()
        left = projection.follow(_SLICE_SECONDS).changes
        if left > _LONG:
            return time.monotonic() - began
        return 0.0 if left else _LOOK_SECONDS

    def _is_mine(self) -> bool:
        with self._taking:
            if not self._lock.is_locked:
                try:
                    self._lock.acquire(timeout=0)
                except Timeout:
                    return False
            return True
