"""Slows down guessing of passwords and tokens: after a few failures each further try has to wait longer."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bifrost.errors import TooManyAttemptsError

__all__ = ["Throttle"]

_LONGEST_WAIT = 300.0
_FORGET_AFTER = 900.0
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


class Throttle:
    """Counts failures per key. The first ``free`` failures cost nothing. Kept in memory, bounded, thread-safe."""

    def __init__(self, free: int = 5, clock: Callable[[], float] = time.monotonic) -> None:
        self._free, self._clock = free, clock
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, *keys: str) -> None:
        """Raises TooManyAttemptsError while one of the keys has to wait."""
        now = self._clock()
        with self._lock:
            wait = max((self._wait(key, now) for key in keys), default=0.0)
        if wait > 0:
            raise TooManyAttemptsError(wait)

    def failed(self, *keys: str) -> None:
        now = self._clock()
        with self._lock:
            for key in keys:
                record = self._records.pop(key, None)
                if record is None or now - record.last > _FORGET_AFTER:
                    record = _Record(0, now)
                record.failures += 1
                record.last = now
                self._records[key] = record
            while len(self._records) > _MOST_KEYS:
                self._records.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._records.pop(key, None)

    def _wait(self, key: str, now: float) -> float:
        record = self._records.get(key)
        if record is None or record.failures < self._free or now - record.last > _FORGET_AFTER:
            return 0.0
        return record.last + min(2.0 ** (record.failures - self._free), _LONGEST_WAIT) - now
