"""The DuckDB workspace of a linker: datasets loaded once, spilled to disk, kept while they do not change."""

import shutil
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from bifrost.catalog import DatasetSummary
from bifrost.links import Column
from bifrost.ports import LinkingData
from bifrost.values import DatasetKind
from linking.conventions import said_names
from linking.profiles import ColumnProfile
from linking.profiling import create_sketches, profile_table

__all__ = ["LoadedTable", "Workspace"]

T = TypeVar("T")
_OF_ANY_FILE = frozenset({
    "name", "path", "media_type", "pages", "modified", "changed", "created", "from_ocr", "title", "subject", "keywords",
    "sent", "message_id", "in_reply_to", "attachments", "truncated", "language", "description", "producer", "creator",
})  # fmt: skip
"""Document properties that name no record, or that the text says as well."""


@dataclass(slots=True)
class LoadedTable:
    """A dataset in the workspace: table ``name`` has ``_row`` (from 0), ``_uid`` and the dataset's columns."""

    summary: DatasetSummary
    name: str
    rows: int
    fingerprint: str
    columns: dict[str, ColumnProfile] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.summary.source

    @property
    def dataset(self) -> str:
        return self.summary.info.name

    @property
    def of_documents(self) -> bool:
        """Whether the rows are the properties of documents."""
        return self.summary.info.kind is DatasetKind.DOCUMENTS


class Workspace:
    """Tables and their profiles. One caller at a time (:meth:`using`); readers get cursors of their own."""

    def __init__(self, memory_limit: str = "1GB", threads: int = 1) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bifrost-linking-"))
        self._settings = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(self._folder / "spill"),
        }
        self._connection: Any = None
        self._lock = threading.RLock()
        self._tables: dict[tuple[str, str], LoadedTable] = {}
        self._data: weakref.ReferenceType[LinkingData] | None = None
        self._recalled: dict[tuple[tuple[str, ...], Hashable], Any] = {}
        self._next = 0
        self._finalizer = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def close(self) -> None:
        """Drops all that was loaded. Safe to call twice."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._tables.clear()
            self._recalled.clear()
            self._finalizer()

    @contextmanager
    def using(self, data: LinkingData) -> Iterator["Workspace"]:
        """Brings the workspace up to date with ``data`` and keeps other callers out until the end of the block."""
        with self._lock:
            self._refresh(data)
            yield self

    @property
    def connection(self) -> Any:
        if self._connection is None:
            import duckdb

            self._folder.mkdir(exist_ok=True)
            self._connection = duckdb.connect(str(self._folder / "workspace.duckdb"), config=self._settings)
            self._connection.execute("SET preserve_insertion_order = true")
            self._connection.execute("SET enable_progress_bar = false")  # in a terminal it would draw over our own
            create_sketches(self._connection)
        return self._connection

    def cursor(self) -> Any:
        """A connection of its own to the same tables, for streaming results."""
        return self.connection.cursor()

    def tables(self) -> list[LoadedTable]:
        """The tables, without those that hold the properties of documents."""
        return [table for table in self._tables.values() if not table.of_documents]

    def table(self, source: str, dataset: str) -> LoadedTable | None:
        return self._tables.get((source, dataset))

    def columns(self) -> list[ColumnProfile]:
        return [column for table in self.tables() for column in table.columns.values()]

    def property_columns(self) -> list[ColumnProfile]:
        """What documents say of themselves besides their text and what is known of any file: senders, receivers, authors."""
        tables = [table for table in self._tables.values() if table.of_documents]
        return [column for table in tables for column in table.columns.values() if column.name not in _OF_ANY_FILE]

    def profiles_of(self, side: Column) -> list[ColumnProfile] | None:
        """The profiles of a link type's side, None where a table or column does not exist any more."""
        table = self.table(side.source, side.dataset)
        if table is None or any(name not in table.columns for name in side.columns):
            return None
        return [table.columns[name] for name in side.columns]

    def recall(self, tables: Sequence[LoadedTable], key: Hashable, make: Callable[[], T]) -> T:
        """What was made for this key before, unless one of the tables changed since.

        ``make`` may look at nothing but the rows of ``tables`` and what ``key`` says: not at the profiles of columns, whose
        names say other things beside other tables. One caller at a time, inside :meth:`using`.
        """
        own = tuple(table.name for table in tables), key
        if own not in self._recalled:
            self._recalled[own] = make()
        found: T = self._recalled[own]
        return found

    def _refresh(self, data: LinkingData) -> None:
        same_data = self._data is not None and self._data() is data
        wanted = {(s.source, s.info.name): s for s in data.datasets()}
        for key in [key for key in self._tables if key not in wanted]:
            self._drop(self._tables.pop(key))
        for key, summary in wanted.items():
            known = self._tables.get(key)
            if known and known.summary == summary and (same_data or summary.last_build is not None):
                continue
            with self._transaction():
                self._load(data, summary, known)
        self._say_names()
        self._data = weakref.ref(data)

    def _say_names(self) -> None:
        """What a column's name means can change with the tables beside its own."""
        by_source: dict[str, dict[str, LoadedTable]] = defaultdict(dict)
        for table in self.tables():
            by_source[table.summary.source][table.dataset] = table
        for tables in by_source.values():
            said = said_names({dataset: list(table.columns) for dataset, table in tables.items()})
            for dataset, table in tables.items():
                for name, column in table.columns.items():
                    if column.said != said[dataset][name]:
                        table.columns[name] = replace(column, said=said[dataset][name])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One commit per dataset instead of one per statement; a source that fails leaves nothing half loaded."""
        self.connection.begin()
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()

    def _drop(self, table: LoadedTable) -> None:
        self.connection.execute(f"DROP TABLE IF EXISTS {table.name}")
        self._recalled = {key: made for key, made in self._recalled.items() if table.name not in key[0]}
        ids = [column.id for column in table.columns.values()]
        for hashes in ("value_hash", "sample_hash"):
            self.connection.execute(f"DELETE FROM {hashes} WHERE list_contains(?, col)", [ids])

    def _load(self, data: LinkingData, summary: DatasetSummary, known: LoadedTable | None) -> None:
        name = f"t{self._next}"
        self._next += 1
        rows, columns = self._copy(name, data.rows(summary.source, summary.info.name))
        self._add_declared(name, columns, summary)
        fingerprint = "0"
        if rows:
            ((xor, total),) = self.connection.execute(
                f"SELECT bit_xor(hash(t)), count(*) FROM (SELECT * EXCLUDE (_row) FROM {name}) t"
            ).fetchall()
            fingerprint = f"{xor}:{total}:{sorted(columns)}"
        if known and known.fingerprint == fingerprint and known.summary.info == summary.info:
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
            known.summary = summary
            return
        if known:
            self._drop(known)
        table = LoadedTable(summary, name, rows, fingerprint)
        first = self._next
        table.columns = profile_table(self.connection, name, rows, columns, summary, first)
        self._next += len(table.columns)
        self._tables[summary.source, summary.info.name] = table

    def _copy(self, name: str, batches: Iterator[pa.RecordBatch]) -> tuple[int, dict[str, tuple[str, bool]]]:
        """Streams batches into a new table; columns that turn up later are added. Returns rows and column names."""
        columns: dict[str, tuple[str, bool]] = {}
        rows = 0
        for batch in batches:
            if batch.num_rows:
                self._append(name, columns, batch, rows)
                rows += batch.num_rows
        return rows, columns

    def _add_declared(self, name: str, columns: dict[str, tuple[str, bool]], summary: DatasetSummary) -> None:
        """Adds the declared columns that no row fills; an empty table has all of them."""
        if not columns:
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} (_row BIGINT, _uid VARCHAR)")
        for column in summary.info.columns:
            if column.name not in columns:
                columns[column.name] = f"c{len(columns)}", False
                self.connection.execute(f"ALTER TABLE {name} ADD COLUMN {columns[column.name][0]} VARCHAR")

    def _append(self, name: str, columns: dict[str, tuple[str, bool]], batch: pa.RecordBatch, first_row: int) -> None:
        """Adds a batch. DuckDB's names ignore case, so the table's columns are called ``c0``, ``c1``, ..."""
        connection = self.connection
        if not columns:
            connection.execute(f"CREATE TABLE {name} (_row BIGINT, _uid VARCHAR)")
        arrays, selected = {"_uid": batch.column("_uid")}, ["_uid"]
        for field_, array in zip(batch.schema, batch.columns, strict=True):
            if field_.name == "_uid":
                continue
            is_list = pa.types.is_list(field_.type) or pa.types.is_large_list(field_.type)
            if field_.name not in columns:
                columns[field_.name] = f"c{len(columns)}", is_list
                sql, kind = columns[field_.name][0], "VARCHAR[]" if is_list else "VARCHAR"
                connection.execute(f"ALTER TABLE {name} ADD COLUMN {sql} {kind}")
            sql, known_list = columns[field_.name]
            arrays[sql] = array
            if known_list and not is_list:
                selected.append(f"[{sql}] AS {sql}")
            elif is_list and not known_list:
                selected.append(f"array_to_string({sql}, '; ') AS {sql}")
            else:
                selected.append(sql)
        connection.register("incoming", pa.table(arrays))
        connection.execute(
            f"INSERT INTO {name} BY NAME SELECT {first_row} + row_number() OVER () - 1 AS _row, {', '.join(selected)} "
            "FROM incoming"
        )
        connection.unregister("incoming")
