"""Brings the snapshot up to date in the background, so that no query has to wait until it is made.

It follows the change log, whoever wrote: a build, a person's edit, another process on the same store.
"""

import threading
import time

import structlog

from bifrost.errors import BifrostError
from graphstore.gremlin.follow import SnapshotKeeper

__all__ = ["SnapshotWarmer"]

_log = structlog.get_logger(__name__)
_SHARE = 10
"""A snapshot that took t seconds to make is made again after 10 t at the earliest, so that a long build is not slowed
down by snapshots that nobody asks for."""


class SnapshotWarmer:
    """Looks at the change log every ``interval`` seconds, and makes the snapshot when it moved and then stood still, or
    when it has moved for longer than ``patience`` seconds."""

    def __init__(self, keeper: SnapshotKeeper, *, interval: float = 0.25, patience: float = 5.0) -> None:
        self._keeper, self._interval, self._patience = keeper, interval, patience
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gremlin-snapshot", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; waits for a snapshot that is being made."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        seen, moved, pause = -1, time.monotonic(), 0.0
        while not self._stop.wait(pause):
            pause = self._interval
            try:
                position = self._keeper.position()
                if position == self._keeper.shown:
                    moved = time.monotonic()
                    continue
                first = seen < 0
                quiet, seen = position == seen, position
                if first or quiet or time.monotonic() - moved > self._patience:
                    began = time.monotonic()
                    self._keeper.warm()
                    moved = time.monotonic()
                    pause = max(self._interval, (moved - began) * _SHARE)
            except BifrostError as error:
                _log.warning("gremlin.snapshot_failed", error=str(error))
                pause = self._patience
            except Exception:  # noqa: BLE001 - a thread that ended would leave all queries cold
                _log.exception("gremlin.snapshot_failed")
                pause = self._patience
