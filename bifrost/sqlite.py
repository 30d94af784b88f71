"""What every SQLite file of ours needs when it is opened."""

import sqlite3
import time

__all__ = ["write_ahead"]

_PAUSE_S = 0.02


def write_ahead(connection: sqlite3.Connection, *, wait_s: float) -> None:
    """Switches the file to a write-ahead log, so that readers and the writer do not wait for each other.

    The file remembers it. SQLite's own busy timeout does not cover this switch: of several connections that open a
    new file at the same time all but one are told at once that it is locked (`sqlite.org/wal.html`, "Sometimes
    Queries Return SQLITE_BUSY In WAL Mode"), so they are made to wait here.

    Raises:
        sqlite3.OperationalError: the file was locked for all of ``wait_s`` seconds, or cannot be opened.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_PAUSE_S)
