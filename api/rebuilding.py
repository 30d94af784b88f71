"""Builds projections from zero while the service runs, each in a thread of its own.

A rebuild that a stop or a kill ends early loses nothing: the projection follows the change log on from where it is.
"""

import threading
from collections.abc import Sequence
from functools import partial

import structlog

from api.follower import UNEXPECTED
from bifrost.errors import BifrostError, ConflictError, NotFoundError
from bifrost.ports import Projection

__all__ = ["Rebuilding"]

_log = structlog.get_logger(__name__)


class _StoppedError(Exception):
    """The service ends."""


class Rebuilding:
    """What is being rebuilt, how far it is, and what went wrong the last time."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._projections = {projection.name: projection for projection in projections}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._shares: dict[str, float] = {}
        self._failed: dict[str, str] = {}

    def run(self, name: str) -> None:
        """Rebuilds here and now. Raises NotFoundError, and what the projection raises."""
        self._projection(name).rebuild()

    def start(self, name: str) -> None:
        """Begins to rebuild. Raises NotFoundError, and ConflictError where that goes on already."""
        projection = self._projection(name)
        with self._lock:
            if name in self._shares or self._stop.is_set():
                raise ConflictError(f"The projection {name!r} is being rebuilt already.", remedy="Wait for its end.")
            self._shares[name] = 0.0
            self._failed.pop(name, None)
            thread = threading.Thread(target=self._rebuild, args=(projection,), name=f"rebuild-{name}", daemon=True)
            self._threads[name] = thread
            thread.start()

    def share(self, name: str) -> float | None:
        """How much of a rebuild is done, in [0, 1]; None where none goes on."""
        return self._shares.get(name)

    def failure(self, name: str) -> str:
        """Why the last rebuild failed; empty where it did not."""
        return self._failed.get(name, "")

    def close(self) -> None:
        """Ends the threads, each after what it is applying. Safe to call twice."""
        with self._lock:
            self._stop.set()
        for thread in self._threads.values():
            thread.join()

    def _projection(self, name: str) -> Projection:
        if name not in self._projections:
            raise NotFoundError(
                f"There is no projection {name!r}.", remedy=f"There are {', '.join(self._projections)}."
            )
        return self._projections[name]

    def _rebuild(self, projection: Projection) -> None:
        name = projection.name
        try:
            projection.rebuild(partial(self._tell, name))
            _log.info("projection.rebuilt", projection=name)
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - nobody waits for this thread: it is told with the projection
            expected = isinstance(error, BifrostError)
            self._failed[name] = str(error) if expected else UNEXPECTED
            _log.warning("projection.rebuild_failed", projection=name, error=repr(error), exc_info=not expected)
        finally:
            del self._shares[name]

    def _tell(self, name: str, share: float) -> None:
        self._shares[name] = min(share, 1.0)
        if self._stop.is_set():
            raise _StoppedError
