"""Large transactions on SQLite: room for their pages, and a write-ahead log that is copied back beside the caller."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

__all__ = ["Checkpointer"]

_log = logging.getLogger(__name__)
_SETTINGS = {"cache_size": -262_144, "threads": 2, "wal_autocheckpoint": 0}
"""256 MB of pages, and threads that sort what indexes are made of."""


class Checkpointer:
    """What a large transaction wrote is safe in the log once it is committed, and readers find it there; copying it into
    the database takes another tenth of the time or more, so that happens in a thread (``sqlite.org/wal.html``)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread: threading.Thread | None = None

    @contextmanager
    def large(self, connection: Any) -> Iterator[None]:
        """Around a transaction of a driver's ``connection``. Left by an error, the log is left as it is."""
        before = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _SETTINGS}
        try:
            _set(connection, _SETTINGS)
            yield
            self._start()
        finally:
            _set(connection, before)

    def wait(self) -> None:
        """Returns when the log is copied."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        self.wait()
        self._thread = threading.Thread(target=self._copy, name="checkpoint")
        self._thread.start()

    def _copy(self) -> None:
        try:
            with closing(sqlite3.connect(self._path)) as connection:
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # Nothing is lost: the next transaction that is committed copies it.
            _log.warning("The write-ahead log of the store was not copied: %s", error)


def _set(connection: Any, settings: dict[str, int]) -> None:
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name}={value}").close()
