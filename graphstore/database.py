"""The connection to SQLite or PostgreSQL: transactions, fast batches, ids, errors.

There is one writer at a time: on SQLite by ``BEGIN IMMEDIATE``, on PostgreSQL by an advisory lock that a write
transaction holds to its end. Readers never wait. The change log is therefore in commit order.

A commit that was reported survives a power cut: SQLite runs in WAL mode with ``synchronous=FULL``, which costs one
fsync per transaction; writes come in batches, so this is noise.
"""

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Engine

from bifrost.errors import (
    BifrostError,
    ConflictError,
    InputError,
    MissingExtraError,
    QueryLimitError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from bifrost.sqlite import write_ahead
from graphstore.checkpoints import Checkpointer
from graphstore.inserting import copy_rows, insert_flat, insert_rows, rows_of, target_of
from graphstore.schema import counter, label

__all__ = ["EDGE", "EDITS", "PROPERTY", "VERTEX", "Database"]

VERTEX, EDGE, PROPERTY = 0, 1, 2
"""Values of ``label.element``."""

EDITS = "edits"
"""Name and kind of the built-in source that holds what people changed by hand."""

_BUSY_SECONDS = 60
_LOG_BYTES = 64 * 2**20
"""What SQLite's write-ahead log shrinks to after a large transaction."""
_PG_WRITE_LOCK = 0x6269_6672_6F73_74
_WRITE = "bifrost_write"
_MANY, _SHARE = 1_000, 0.1
"""A table is analyzed anew after a transaction that brought so many rows, and such a share of all that it has."""
_IDENTITY = "identity"
_NONE: Mapping[str, float] = MappingProxyType({})


class Database:
    """One store's engine. Thread-safe; each thread has its own connection."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self.url = self._normal_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._make_engine(echo)
        self._local = threading.local()
        self._writer = threading.RLock()
        self._labels = _Labels()
        self._checkpointer = Checkpointer(self.url.database or "")

    def _normal_url(self, url: str) -> sa.URL:
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise InputError(
                f"Not a database URL: {error}", remedy="Write sqlite:///FILE or postgresql://..."
            ) from None
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        if backend != "sqlite":
            raise InputError(f"The store runs on SQLite and PostgreSQL, not on {backend}.")
        if not parsed.database or parsed.database == ":memory:":
            # A database in memory belongs to one connection; a temporary file serves many threads the same way.
            self._folder = TemporaryDirectory(prefix="bifrost-")
            parsed = parsed.set(database=str(Path(self._folder.name) / "store.sqlite"), query={})
        return parsed.set(drivername="sqlite+pysqlite")

    def _make_engine(self, echo: bool) -> Engine:
        if self.is_sqlite:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = sa.create_engine(
                self.url, echo=echo, pool_size=16, max_overflow=48, connect_args={"timeout": _BUSY_SECONDS}
            )
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
            return engine
        try:
            engine = sa.create_engine(
                self.url, echo=echo, pool_size=8, max_overflow=24, pool_pre_ping=True,
                connect_args={"connect_timeout": 10},
            )  # fmt: skip
        except ModuleNotFoundError:
            raise MissingExtraError("postgresql", "postgres", "psycopg") from None
        sa.event.listen(engine, "connect", _prepare_postgresql)
        return engine

    # ---- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state; inside a write of this thread, what that wrote."""
        active = getattr(self._local, "connection", None)
        with self.errors_mapped():
            if active is not None:
                yield active
                return
            with self.engine.connect() as connection:
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection of its own whose reads are all of one moment."""
        with self.errors_mapped(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self, *, large: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end of the outermost ``write`` of this thread, or changes nothing.

        A ``large`` one may take 128 MB of memory for its pages; :meth:`close` waits until SQLite has put them in place.
        """
        active = getattr(self._local, "connection", None)
        if active is not None:
            yield active
            return
        with self.errors_mapped(), self._writer, self.engine.connect() as raw:
            connection = raw.execution_options(**{_WRITE: True})
            prepared = self._checkpointer.large(raw.connection) if large and self.is_sqlite else nullcontext()
            try:
                with prepared, connection.begin():
                    if not self.is_sqlite:
                        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PG_WRITE_LOCK)))
                    self._local.connection, self._local.grown = connection, {}
                    yield connection
                    self._analyze(connection)
            except BaseException:
                self._labels.clear()
                raise
            finally:
                self._local.connection = None

    def grew(self, table: str, rows: int) -> None:
        """Notes that the transaction of this thread brings rows into a table otherwise than by :meth:`insert`."""
        if not self.is_sqlite:
            grown = self._local.grown
            grown[table] = grown.get(table, 0) + rows

    def _analyze(self, connection: Connection) -> None:
        """PostgreSQL plans by what it knows of a table. Until its own daemon has been there, a minute or more later, it
        knows nothing of what a large transaction brought, and reads whole tables where a few rows are asked for. A table that
        is being vacuumed, which may take hours, is left to the daemon."""
        known = sa.text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")
        for table, rows in self._local.grown.items():
            if rows >= _MANY and rows >= _SHARE * (connection.execute(known, {"name": table}).scalar() or 0):
                connection.exec_driver_sql(
                    f"ANALYZE (SKIP_LOCKED) {connection.dialect.identifier_preparer.quote(table)}"
                )

    @contextmanager
    def errors_mapped(self) -> Iterator[None]:
        """Turns the driver's errors into ours."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise _mapped(error) from error
        except sa.exc.TimeoutError as error:
            raise StoreUnavailableError("Too many connections to the store are in use.") from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("sqlite3", "psycopg"):
                raise _mapped_driver(error) from error
            raise

    def close(self) -> None:
        """Closes all connections."""
        self._checkpointer.wait()
        self.engine.dispose()
        if self._folder is not None:
            self._folder.cleanup()

    # ---- batches -----------------------------------------------------------------------------------------------------

    def insert(
        self,
        connection: Connection,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[Any],
        constants: Mapping[str, float] = _NONE,
    ) -> None:
        """Inserts tuples in one go; PostgreSQL by COPY. ``constants`` are columns that are the same in all rows."""
        if not rows:
            return
        target, same = target_of(connection, table, (*columns, *constants)), tuple(constants.values())
        if self.is_sqlite:
            insert_rows(connection.connection.cursor(), target, len(columns), rows, same)
        else:
            self.grew(table.name, len(rows))
            copy_rows(connection.connection.cursor(), target, rows, same)

    def insert_flat(
        self,
        connection: Connection,
        table: sa.Table,
        columns: Sequence[str],
        values: list[Any],
        constants: Mapping[str, float] = _NONE,
    ) -> None:
        """:meth:`insert` of values that follow each other, one per column: no tuple is made for a row."""
        if not values:
            return
        target, same = target_of(connection, table, (*columns, *constants)), tuple(constants.values())
        if self.is_sqlite:
            with closing(connection.connection.cursor()) as cursor:
                insert_flat(cursor, target, len(columns), values, same)
        else:
            self.grew(table.name, len(values) // len(columns))
            copy_rows(connection.connection.cursor(), target, rows_of(values, len(columns)), same)

    def update(
        self, connection: Connection, table: sa.Table, columns: Sequence[str], key: str, rows: Iterable[Any]
    ) -> None:
        """Updates rows by one key: each row is the values of ``columns``, then the key."""
        rows = list(rows)
        if not rows:
            return
        quote = connection.dialect.identifier_preparer.quote
        mark = "?" if self.is_sqlite else "%s"
        sets = ", ".join(f"{quote(column)} = {mark}" for column in columns)
        connection.exec_driver_sql(f"UPDATE {quote(table.name)} SET {sets} WHERE {quote(key)} = {mark}", rows)

    def within(self, column: Any, values: Iterable[Any]) -> sa.ColumnElement[bool]:
        """``column IN values`` as one bound parameter, however many values there are."""
        values = list(values)
        if self.is_sqlite:
            text = orjson.dumps(values).decode()
            return column.in_(sa.select(sa.func.json_each(text).table_valued("value").c.value))  # type: ignore[no-any-return]
        kind = sa.Text if isinstance(column.type, sa.String) else sa.BigInteger
        return column == sa.any_(sa.cast(values, postgresql.ARRAY(kind)))  # type: ignore[no-any-return]

    def within_bound(self, column: Any, name: str) -> sa.ColumnElement[bool]:
        """:meth:`within` for a statement that is made once: pass ``name=bound(values)`` when it is executed."""
        if self.is_sqlite:
            values = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
            return column.in_(sa.select(values.c.value))  # type: ignore[no-any-return]
        kind = sa.Text if isinstance(column.type, sa.String) else sa.BigInteger
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(kind)))  # type: ignore[no-any-return]

    def bound(self, values: Iterable[Any]) -> Any:
        """Values as :meth:`within_bound` takes them."""
        return orjson.dumps(list(values)).decode() if self.is_sqlite else list(values)

    def delete(self, connection: Connection, column: Any, values: Iterable[Any]) -> int:
        """Deletes the rows of the column's table whose column is one of the values; returns how many."""
        values = list(values)
        if not values:
            return 0
        return connection.execute(sa.delete(column.table).where(self.within(column, values))).rowcount

    def take(self, connection: Connection, name: str, count: int = 1) -> int:
        """The first of ``count`` new ids of a counter. Ids are never used again, whatever is deleted."""
        quoted = sa.text(
            "INSERT INTO counter (name, value) VALUES (:name, :count) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + :count RETURNING value"
        )
        last = connection.execute(quoted, {"name": name, "count": count}).scalar_one()
        return int(last) - count + 1

    def identity(self) -> int:
        """A random number that this store was given when it was made. What follows a store (projections, scoped
        stores) keeps it, to notice that the file beside it is another store's."""
        query = sa.select(counter.c.value).where(counter.c.name == _IDENTITY)
        with self.read() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            with self.write() as connection:
                found = connection.execute(query).scalar()
                if found is None:
                    found = secrets.randbits(62)
                    connection.execute(counter.insert().values(name=_IDENTITY, value=found))
        return int(found)

    # ---- labels ------------------------------------------------------------------------------------------------------

    def label_id(self, connection: Connection, element: int, name: str) -> int:
        """The id of a label, made when it is new. Only inside a write."""
        found = self.find_label(connection, element, name)
        if found is None:
            found = self.take(connection, "label")
            connection.execute(label.insert().values(id=found, element=element, name=name))
            self._labels.add(found, element, name)
        return found

    def find_label(self, connection: Connection, element: int, name: str) -> int | None:
        """The id of a label, None where no element ever had it."""
        found = self._labels.ids.get((element, name))
        if found is None:
            row = connection.execute(sa.select(label.c.id).where(label.c.element == element, label.c.name == name))
            found = row.scalar()
            if found is not None:
                self._labels.add(found, element, name)
        return found

    def label_names(self, connection: Connection, wanted: Iterable[int] | None = None) -> Mapping[int, str]:
        """Label id -> name: at least of the ``wanted`` ids, or of all labels there are."""
        known = self._labels.names
        if wanted is None or not known.keys() >= set(wanted):
            for row in connection.execute(sa.select(label)).all():
                self._labels.add(row.id, row.element, row.name)
        return self._labels.names


@dataclass
class _Labels:
    """Labels known to this process. They are only ever added, so a committed one never becomes stale.

    All labels up to the id ``complete`` are in ``names``; of later ones, those that this process met.
    """

    ids: dict[tuple[int, str], int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    complete: int = 0

    def add(self, id: int, element: int, name: str) -> None:
        self.ids[element, name] = id
        self.names[id] = name

    def clear(self) -> None:
        self.ids, self.names, self.complete = {}, {}, 0


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    write_ahead(connection, wait_s=_BUSY_SECONDS)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-32768")
    cursor.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
    cursor.close()


def _prepare_postgresql(connection: Any, _: object) -> None:
    """Values are taken out of JSON, of which PostgreSQL expects a hundred from every row: so it thinks such statements worth
    compiling, which takes longer than they do."""
    connection.execute("SET jit = off")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _mapped(error: sa.exc.DBAPIError) -> BifrostError:
    if error.connection_invalidated:
        return StoreUnavailableError(f"The connection to the store's database was lost: {_first_line(error.orig)}")
    return _mapped_driver(error.orig)


def _mapped_driver(error: BaseException | None) -> BifrostError:
    text, kind, state = _first_line(error), type(error).__name__, getattr(error, "sqlstate", None) or ""
    if "database or disk is full" in text or state in ("53100", "53000"):
        return StoreFullError("The store has no disk space left.")
    if kind == "IntegrityError" or state.startswith("23"):
        return ConflictError(f"The store refused a duplicate: {text}")
    if "is locked" in text or state.startswith(("08", "57P", "53")):
        return StoreUnavailableError(f"The store's database does not answer: {text}")
    if kind == "OperationalError" and not state and _is_connection_failure(text):
        return StoreUnavailableError(f"The store's database cannot be reached: {text}")
    if "parser stack overflow" in text or "Expression tree is too large" in text or state == "54001":
        nested = "The query is nested too deep for the store's database."
        return QueryLimitError(
            nested, remedy="Nest filters less deep: SQLite takes three levels of links, PostgreSQL more."
        )
    return StoreError(f"The store's database reports: {text}")


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _is_connection_failure(text: str) -> bool:
    return "connection" in text or "unable to open database" in text or "could not translate host" in text
