"""Large transactions on SQLite: room for their pages, threads that sort for indexes, and a write-ahead log that is copied
back beside the caller."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

__all__ = ["Checkpointer", "sorting"]

_log = logging.getLogger(__name__)
_SETTINGS = {"cache_size": -131_072, "wal_autocheckpoint": 0}
"""128 MB of pages: with twice as many, loads of one to five million elements took as long."""
_SORTING = {"cache_size": -2_048, "threads": 2}
"""A sorter takes as much memory as the pages may. Only where that is too little for an index it sorts in parts, and only
parts are sorted in threads, while the rows of the next one are read (``sqlite.org/pragma.html#pragma_threads``)."""


class Checkpointer:
    """What a large transaction wrote is safe in the log once it is committed, and readers find it there; copying it into
    the database takes another tenth of the time or more, so that happens in a thread (``sqlite.org/wal.html``)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread: threading.Thread | None = None

    @contextmanager
    def large(self, connection: Any) -> Iterator[None]:
        """Around a transaction of a driver's ``connection``. Left by an error, the log is left as it is."""
        with _settings(connection, _SETTINGS):
            yield
            self._start()

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


def sorting(connection: Any) -> AbstractContextManager[None]:
    """While indexes are made from finished rows by a driver's ``connection``."""
    return _settings(connection, _SORTING)


@contextmanager
def _settings(connection: Any, settings: dict[str, int]) -> Iterator[None]:
    before = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in settings}
    try:
        _set(connection, settings)
        yield
    finally:
        _set(connection, before)


def _set(connection: Any, settings: dict[str, int]) -> None:
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name}={value}").close()
