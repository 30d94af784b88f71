"""Writing the rows of a bulk load while the next ones are made."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore.database import Database
from graphstore.inserting import insert_into

__all__ = ["Batch", "BulkWriter", "short_turns"]

Batch = tuple[sa.Table, Sequence[str], list[Any], Mapping[str, float]]
"""Table, columns, values (row after row, one per column), and the columns that are the same in all rows."""
_TURN_SECONDS = 0.0002
_CHUNK_EDGES = """
{insert_into} edge (id, uid, label, tail, head, properties, score)
SELECT id, uid, type, tail, head, properties, score FROM link WHERE id > :first AND id <= :last
"""


class BulkWriter:
    """Writes batches of rows, in their order; on SQLite in a thread of its own while the caller goes on.

    Between :meth:`write` and the return of :meth:`wait` the connection belongs to the thread.
    """

    def __init__(self, database: Database, connection: Connection) -> None:
        self._db, self._connection = database, connection
        self._pool = ThreadPoolExecutor(1, "bulk-load") if database.is_sqlite else None
        self._pending: Future[None] | None = None

    def write(self, batches: Sequence[Batch], edges: Mapping[str, int] | None) -> None:
        """``edges`` bounds the ids of links in the batches that are served as edges at once."""
        self.wait()
        if self._pool is None:
            self._insert(batches, edges)
        else:
            self._pending = self._pool.submit(self._insert, batches, edges)

    def wait(self) -> None:
        """Returns when all is written; raises what went wrong."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _insert(self, batches: Sequence[Batch], edges: Mapping[str, int] | None) -> None:
        for table, columns, values, constants in batches:
            self._db.insert_flat(self._connection, table, columns, values, constants)
        if edges is not None:
            # Copied inside the database: that takes no turn of the interpreter, which the caller needs meanwhile.
            text = _CHUNK_EDGES.format(insert_into=insert_into(self._connection))
            made = self._connection.execute(sa.text(text), edges)
            self._db.grew("edge", made.rowcount)

    def __enter__(self) -> "BulkWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=True)


@contextmanager
def short_turns() -> Iterator[None]:
    """The writing thread needs the interpreter between two statements; by default it would wait 5 ms for each turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
