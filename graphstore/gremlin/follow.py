"""Keeps a snapshot in step with the change log: made on the first wide traversal, then patched with what changed."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from graphstore import schema as s
from graphstore.database import Database
from graphstore.gremlin.arrays import EAGER, EdgeTable, Snapshot, VertexTable
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.patch import patched
from graphstore.log import last_change

__all__ = ["SnapshotKeeper"]

_VERTICES = "SELECT id, uid, label, properties, meta FROM vertex"
_EDGES = "SELECT id, uid, label, tail, head, properties, score FROM edge"
_TEXTS = (_VERTICES, _EDGES)


class SnapshotKeeper:
    """The newest snapshot of a store. ``limit``: graphs with more vertices and edges than this are left to SQL;
    ``eager``: those with more vertices keep only the property columns in use."""

    def __init__(self, database: Database, limit: int = 12_000_000, eager: int = EAGER) -> None:
        self._db, self._eager = database, eager
        self._limit = limit
        self._snapshot: Snapshot | None = None
        self._shown = -1
        self._too_large = 0
        self._building = threading.Lock()
        self._watch = _Watch(database)

    def position(self) -> int:
        """The position of the change log now."""
        return self._watch.position()

    @property
    def shown(self) -> int:
        """The position up to which it has looked: that of the snapshot, or of a graph found too large for one."""
        return self._shown

    def current(self, *, wide: bool, check: Check = unchecked) -> Snapshot | None:
        """A snapshot that shows the newest state. For a wide traversal it is made or patched first; for others only
        one that is ready counts. ``check`` may end the making, or the waiting for whoever makes it."""
        position = self.position()
        snapshot = self._snapshot
        if snapshot is not None and snapshot.position == position:
            return snapshot
        if not wide:
            return None
        with _held(self._building, check):
            snapshot = self._snapshot
            position = self.position()
            if snapshot is None and self._too_large and position - self._shown < self._too_large:
                self._too_large -= position - self._shown
                self._shown = position
                return None
            if snapshot is None or snapshot.position != position:
                snapshot = self._next(snapshot, check)
                if snapshot is not None:
                    snapshot.prepare(check)
                self._snapshot = snapshot
                self._shown = position if snapshot is None else snapshot.position
            return snapshot

    def warm(self) -> None:
        """Makes the snapshot now, so that the first queries need not."""
        self.current(wide=True)

    def close(self) -> None:
        """Releases its connection and the snapshot."""
        self._snapshot = None
        self._watch.close()

    def _next(self, old: Snapshot | None, check: Check) -> Snapshot | None:
        with self._db.read() as connection:
            position = last_change(connection)
            names = dict(self._db.label_names(connection))
            if old is not None:
                touched = _touched(connection, old.position)
                if sum(map(len, touched)) <= max(1_000, (old.size + old.edge_size) // 20):
                    found = [self._changed(connection, text, ids) for text, ids in zip(_TEXTS, touched, strict=True)]
                    return patched(old, position, names, (touched[0], found[0]), (touched[1], found[1]), check)
            sizes = [
                connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in (s.vertex, s.edge)
            ]
            self._too_large = max(sum(sizes) - self._limit, 0)
            if self._too_large:
                return None
            vertices = VertexTable.of(_rows(connection, f"{_VERTICES} ORDER BY id", check))
            edges = EdgeTable.of(_rows(connection, f"{_EDGES} ORDER BY id", check))
            return Snapshot(position, names, vertices, edges, self._eager, check)

    def _changed(self, connection: sa.Connection, text: str, ids: set[int]) -> list[Any]:
        """The rows that changed elements have now; removed ones have none."""
        table = s.vertex if text is _VERTICES else s.edge
        columns = [table.c[name.strip()] for name in text.removeprefix("SELECT ").partition(" FROM ")[0].split(",")]
        query = sa.select(*columns).where(self._db.within(table.c.id, ids)).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)] if ids else []


def _touched(connection: sa.Connection, after: int) -> tuple[set[int], set[int]]:
    """The ids of vertices and edges that the log names after a position."""
    query = sa.select(s.change.c.element, s.change.c.ref).where(s.change.c.seq > after).distinct()
    found: tuple[set[int], set[int]] = (set(), set())
    for element, ref in connection.execute(query):
        found[element].add(ref)
    return found


def _rows(connection: sa.Connection, text: str, check: Check) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
        while rows := cursor.fetchmany(10_000):
            check()
            yield from rows
    finally:
        cursor.close()


@contextmanager
def _held(lock: threading.Lock, check: Check) -> Iterator[None]:
    """The lock, waited for while ``check`` lets one."""
    while not lock.acquire(timeout=0.05):
        check()
    try:
        yield
    finally:
        lock.release()


class _Watch:
    """Reads the position of the change log, which every query asks for: on SQLite over a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        if database.is_sqlite:
            address = Path(str(database.url.database)).absolute().as_uri()
            self._connection = sqlite3.connect(
                f"{address}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
            )
            self._cursor = self._connection.cursor()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def position(self) -> int:
        if self._cursor is None:
            with self._db.read() as connection:
                return last_change(connection)
        with self._lock:
            row = self._cursor.execute("SELECT value FROM counter WHERE name = 'change'").fetchone()
        return row[0] if row else 0
