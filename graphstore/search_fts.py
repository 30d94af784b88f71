"""The text index as an SQLite FTS5 file of its own, so that indexing never holds up the store's writer."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bifrost.errors import StoreError, StoreFullError, StoreUnavailableError
from bifrost.sqlite import write_ahead
from graphstore.search_text import CLOSE, OPEN, Entry, Partial, Terms, Word
from graphstore.search_words import MOST_LEVEL, MOST_OF_A_WORD, Key, best, candidates, level_of

__all__ = ["FtsIndex"]

_BUSY_S = 60
_VERSION = 1
"""Of the file, as it keeps it in ``user_version``."""
_ROOM = 2**50
"""Ids of each level, those of higher levels first: a sample is the beginning of each word's list."""
_SCHEMA = (
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, label TEXT NOT NULL)",
    "CREATE INDEX entry_label ON entry (label)",
    "CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL)",
    "CREATE TABLE owner (value INTEGER NOT NULL)",
    """CREATE VIRTUAL TABLE content USING fts5
    (name, body, label, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3')""",
)
_FIND = """
SELECT entry.uid, -bm25(content, 8.0, 1.0, 2.0), snippet(content, -1, :open, :close, '…', 16)
FROM content JOIN entry ON entry.id = content.rowid
WHERE content MATCH :query {labels} ORDER BY bm25(content, 8.0, 1.0, 2.0), entry.uid LIMIT :limit OFFSET :offset
"""
_HAVING = "SELECT rowid FROM content WHERE content MATCH ? AND rowid < ? ORDER BY rowid LIMIT ?"
_LAST = "SELECT max(id) FROM entry WHERE id >= ? AND id < ?"
_RANKED = """
SELECT content.rowid, entry.uid, -bm25(content, 8.0, 1.0, 2.0)
FROM content JOIN entry ON entry.id = content.rowid
WHERE content MATCH ? AND +content.rowid IN (SELECT value FROM json_each(?))
"""
_UIDS = "SELECT id, uid, 0.0 FROM entry WHERE id IN (SELECT value FROM json_each(?))"
_IDS = "SELECT id FROM entry WHERE uid IN (SELECT value FROM json_each(?)) ORDER BY id"
_SNIPPET = "SELECT snippet(content, -1, ?, ?, '…', 16) FROM content WHERE content MATCH ? AND rowid = ?"
_LABELLED = """
SELECT id FROM entry
WHERE id IN (SELECT value FROM json_each(?)) AND label IN (SELECT value FROM json_each(?))
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
            uids = json.dumps([*{*gone, *(entry.uid for entry in entries)}])
            # In their order, as the index writes itself out at each step back.
            stale = connection.execute(_IDS, (uids,)).fetchall()
            connection.executemany("DELETE FROM content WHERE rowid = ?", stale)
            connection.executemany("DELETE FROM entry WHERE id = ?", stale)
            rows = _numbered(connection, entries)
            connection.executemany(
                "INSERT INTO entry (id, uid, label) VALUES (?, ?, ?)",
                [(id, entry.uid, entry.label) for id, entry in rows],
            )
            connection.executemany(
                "INSERT INTO content (rowid, name, body, label) VALUES (?, ?, ?, ?)",
                [(id, entry.name, entry.body, entry.label) for id, entry in rows],
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

    def find_any(self, words: Sequence[Word], labels: Sequence[str], limit: int, offset: int) -> list[Partial]:
        within = " OR ".join(f"label : {_quoted(label)}" for label in labels)
        with self._connection() as connection:

            def having(match: str, most: int, level: int = 0) -> list[Key]:
                match = f"({match}) AND ({within})" if labels else match
                return [row[0] for row in connection.execute(_HAVING, (match, _ids(level).stop, most))]

            found = candidates(
                words,
                connection.execute("SELECT count(*) FROM entry").fetchone()[0],
                lambda word: having(_any([word]), MOST_OF_A_WORD + 1),
                lambda some, word: having(f"({_any(some)}) AND ({_any([word])})", -1),
                lambda some: having(" AND ".join(f"({_any([word])})" for word in some), MOST_OF_A_WORD + 1),
                lambda level: [having(_any([word]), -1, level) for word in words],
            )
            if labels:  # the words of a label may be another one's, too
                known = connection.execute(_LABELLED, (json.dumps(list(found.has)), json.dumps(list(labels))))
                found = found.of(row[0] for row in known)
            chosen = [int(key) for key in best(found, offset + limit)]
            if not chosen:
                return []
            if found.some:  # ranking them would read all that have the words
                ranked = connection.execute(_UIDS, (json.dumps(chosen),))
            else:
                ranked = connection.execute(_RANKED, (_any(found.finding(words)), json.dumps(chosen)))
            ordered = sorted(ranked, key=lambda row: (-found.score(row[0]), -row[2], row[1]))
            # All words with a frequent beginning are only gathered where the beginning itself is no word of the text.
            whole = [
                replace(word, prefix=word.prefix and not often)
                for word, often in zip(words, found.frequent, strict=True)
            ]
            page = []
            for id, uid, _ in ordered[offset : offset + limit]:
                marked = connection.execute(_SNIPPET, (OPEN, CLOSE, _any(whole), id)).fetchone()
                marked = marked or connection.execute(_SNIPPET, (OPEN, CLOSE, _any(words), id)).fetchone()
                page.append(Partial(uid, found.score(id), marked[0], found.missing(id, words)))
        return page

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
            found = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            write_ahead(found, wait_s=_BUSY_S)
            # A power cut may lose the last batches, never the file's consistency: the log is followed again from there.
            found.execute("PRAGMA synchronous=NORMAL")
            self._upgrade(found)
            self._local.connection = found
            with self._lock:
                if not self._open:
                    self._claim(found)
                self._open.append(found)
        return found

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        """Makes the tables; those of an earlier version are made anew, empty. Whoever finds them made waits for no writer."""
        version = "PRAGMA user_version"
        if connection.execute(version).fetchone()[0] == _VERSION:
            return
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute(version).fetchone()[0] != _VERSION:
                for table in ("content", "entry", "position", "owner"):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")

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


def _ids(level: int) -> range:
    """The ids of a level, and below them those of higher ones."""
    first = (MOST_LEVEL - level) * _ROOM + 1
    return range(first, first + _ROOM)


def _numbered(connection: sqlite3.Connection, entries: Iterable[Entry]) -> list[tuple[int, Entry]]:
    """Entries with new ids, in their order, which the index wants."""
    by_level: dict[int, list[Entry]] = {}
    for entry in entries:
        by_level.setdefault(level_of(entry.uid), []).append(entry)
    rows: list[tuple[int, Entry]] = []
    for level in sorted(by_level, reverse=True):
        ids = _ids(level)
        last = connection.execute(_LAST, (ids.start, ids.stop)).fetchone()[0]
        rows += enumerate(by_level[level], ids.start if last is None else last + 1)
    return rows


def _any(words: Iterable[Word]) -> str:
    """Matches what has any of the words, in any of their forms."""
    return " OR ".join(f"{_quoted(form)}{'*' if word.prefix else ''}" for word in words for form in word.forms)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
