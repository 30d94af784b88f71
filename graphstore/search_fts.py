"""The text index as an SQLite FTS5 file of its own, so that indexing never holds up the store's writer."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bifrost.errors import StoreError, StoreFullError, StoreUnavailableError
from graphstore.search_text import CLOSE, OPEN, Entry, Terms

__all__ = ["FtsIndex"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, label TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entry_label ON entry (label);
CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS owner (value INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS content USING fts5
  (name, body, label, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');
"""
_FIND = """
SELECT entry.uid, -bm25(content, 8.0, 1.0, 2.0), snippet(content, -1, :open, :close, '…', 16)
FROM content JOIN entry ON entry.id = content.rowid
WHERE content MATCH :query {labels} ORDER BY bm25(content, 8.0, 1.0, 2.0), entry.uid LIMIT :limit OFFSET :offset
"""


class FtsIndex:
    """One connection per thread; several processes may share the file."""

    def __init__(self, path: Path, owner: int, newest: int) -> None:
        """``owner`` is the identity of the store that is indexed and ``newest`` the position of its log: a file of
        another store, or of a later state of this one (a backup was restored), is emptied."""
        self._path, self._owner, self._newest = path, owner, newest
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def position(self) -> int:
        with self._connection() as connection:
            row = connection.execute("SELECT value FROM position").fetchone()
        return 0 if row is None else int(row[0])

    def apply(self, gone: Sequence[str], entries: Sequence[Entry], position: int) -> None:
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            known = connection.execute("SELECT value FROM position").fetchone()
            if known is not None and position and known[0] > position:
                return  # another process was faster
            stale = [(uid,) for uid in {*gone, *(entry.uid for entry in entries)}]
            connection.executemany("DELETE FROM content WHERE rowid = (SELECT id FROM entry WHERE uid = ?)", stale)
            connection.executemany("DELETE FROM entry WHERE uid = ?", stale)
            for entry in entries:
                id = connection.execute(
                    "INSERT INTO entry (uid, label) VALUES (?, ?)", (entry.uid, entry.label)
                ).lastrowid
                connection.execute(
                    "INSERT INTO content (rowid, name, body, label) VALUES (?, ?, ?, ?)",
                    (id, entry.name, entry.body, entry.label),
                )
            connection.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (position,))

    def clear(self) -> None:
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            for table in ("content", "entry", "position"):
                connection.execute(f"DELETE FROM {table}")

    def find(self, terms: Terms, labels: Sequence[str], limit: int, offset: int) -> list[tuple[str, float, str]]:
        words, prefix = terms
        parts = [_quoted(word) for word in words] + ([] if prefix is None else [f"{_quoted(prefix)}*"])
        names = {f"label{i}": label for i, label in enumerate(labels)}
        restriction = f"AND entry.label IN ({', '.join(f':{name}' for name in names)})" if names else ""
        values = {"query": " AND ".join(parts), "open": OPEN, "close": CLOSE, "limit": limit, "offset": offset, **names}
        with self._connection() as connection:
            return connection.execute(_FIND.format(labels=restriction), values).fetchall()

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._local = threading.local()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._mine()
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise StoreFullError("The search index has no disk space left.") from error
            if "locked" in str(error) or "unable to open" in str(error):
                raise StoreUnavailableError(f"The search index does not answer: {error}") from error
            raise StoreError(f"The search index reports: {error}", remedy="Rebuild it.") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The search index is damaged: {error}", remedy=f"Delete {self._path}; it is made again."
            ) from error

    def _mine(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            found = sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
            found.execute("PRAGMA journal_mode=WAL")
            # A power cut may lose the last batches, never the file's consistency: the log is followed again from there.
            found.execute("PRAGMA synchronous=NORMAL")
            found.executescript(_SCHEMA)
            self._local.connection = found
            with self._lock:
                if not self._open:
                    self._claim(found)
                self._open.append(found)
        return found

    def _claim(self, connection: sqlite3.Connection) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            owner = connection.execute("SELECT value FROM owner").fetchone()
            position = connection.execute("SELECT value FROM position").fetchone() or (0,)
            if owner == (self._owner,) and position[0] <= self._newest:
                return
            for table in ("content", "entry", "position", "owner"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("INSERT INTO owner VALUES (?)", (self._owner,))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
