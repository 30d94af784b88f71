"""The DuckDB workspace of a linker: datasets loaded once, spilled to disk, kept while they do not change."""

import shutil
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bifrost.catalog import DatasetSummary
from bifrost.links import Column
from bifrost.ports import LinkingData, Reading
from bifrost.values import DatasetKind
from linking.conventions import said_names
from linking.loading import OWN, Rows, Stored, add_column, copy_rows, merge_rows
from linking.profiles import ColumnProfile
from linking.profiling import create_sketches, profile_table

__all__ = ["LoadedTable", "Workspace"]

T = TypeVar("T")
_OF_ANY_FILE = frozenset({
    "name", "path", "media_type", "pages", "modified", "changed", "created", "from_ocr", "title", "subject", "keywords",
    "sent", "message_id", "in_reply_to", "attachments", "truncated", "language", "description", "producer", "creator",
})  # fmt: skip
"""Document properties that name no record, or that the text says as well."""


class LoadedTable:
    """A dataset in the workspace: table ``name`` has ``_row`` (from 0), ``_uid`` and the columns ``stored``.

    ``version`` is the state of the store it was read from, None where changes are not followed. ``together`` keeps which share
    of the rows two columns (by their profiles' ids) tell apart.
    """

    def __init__(
        self,
        summary: DatasetSummary,
        name: str,
        rows: int,
        fingerprint: str,
        stored: Mapping[str, Stored],
        profile: Callable[["LoadedTable"], dict[str, ColumnProfile]],
        version: tuple[int, int] | None = None,
    ) -> None:
        self.summary = summary
        self.name = name
        self.rows = rows
        self.fingerprint = fingerprint
        self.stored = stored
        self.version = version
        self.said: Mapping[str, str] = {}
        self.together: dict[tuple[int, int], float] = {}
        self._profile = profile
        self._profiles: dict[str, ColumnProfile] | None = None

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

    @property
    def columns(self) -> dict[str, ColumnProfile]:
        """The profiles of the columns, which are made when they are first asked for."""
        if self._profiles is None:
            made = self._profile(self)
            self._profiles = {name: replace(column, said=self.said.get(name, name)) for name, column in made.items()}
        return self._profiles

    @property
    def profiled(self) -> list[int]:
        """The ids of the profiles that were made."""
        return [column.id for column in (self._profiles or {}).values()]

    def say(self, said: Mapping[str, str]) -> None:
        """What the columns' names mean; that can change with the tables beside this one."""
        self.said = said
        for name, column in (self._profiles or {}).items():
            if self._profiles is not None and column.said != said[name]:
                self._profiles[name] = replace(column, said=said[name])


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
        """The profiles of all columns of :meth:`tables`."""
        # Profiles are numbered as they are made: those of all tables in their order.
        profiled = [(table, table.columns.values()) for table in self._tables.values()]
        return [column for table, columns in profiled if not table.of_documents for column in columns]

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

    def stored_of(self, side: Column) -> list[Stored] | None:
        """How the columns of a link type's side are stored, None where a table or column does not exist any more.

        Enough to read them, and there without profiles.
        """
        table = self.table(side.source, side.dataset)
        if table is None or any(name not in table.stored for name in side.columns):
            return None
        return [table.stored[name] for name in side.columns]

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
        by_source: dict[str, dict[str, LoadedTable]] = defaultdict(dict)
        for table in self.tables():
            by_source[table.summary.source][table.dataset] = table
        for tables in by_source.values():
            said = said_names({dataset: list(table.stored) for dataset, table in tables.items()})
            for dataset, table in tables.items():
                table.say(said[dataset])

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
        for hashes in ("value_hash", "sample_hash") if table.profiled else ():
            self.connection.execute(f"DELETE FROM {hashes} WHERE list_contains(?, col)", [table.profiled])

    def _load(self, data: LinkingData, summary: DatasetSummary, known: LoadedTable | None) -> None:
        name = f"t{self._next}"
        self._next += 1
        reading = data.reading(*_key(summary), None if known is None else known.version)
        made = None
        same_info = known is not None and known.summary.info.declared == summary.info.declared
        if reading is not None and known is not None and reading.records is not None:
            if not reading.records and reading.present is None and same_info:
                known.summary, known.version = summary, reading.version
                return
            if known.rows and same_info:
                made = merge_rows(self.connection, known.name, known.stored, name, reading)
            if made is None:
                reading = data.reading(*_key(summary))
        rows, columns = made or copy_rows(self.connection, name, _all_rows(data, summary, reading))
        self._add_declared(name, columns, summary)
        fingerprint = "0"
        if rows:
            ((xor, total),) = self.connection.execute(
                f"SELECT bit_xor(hash(t)), count(*) FROM (SELECT * EXCLUDE (_row) FROM {name}) t"
            ).fetchall()
            fingerprint = f"{xor}:{total}:{sorted(columns)}"
        version = None if reading is None else reading.version
        if known and known.fingerprint == fingerprint and same_info:
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
            known.summary, known.version = summary, version
            return
        if known:
            self._drop(known)
        table = LoadedTable(summary, name, rows, fingerprint, columns, self._profile, version)
        self._tables[_key(summary)] = table

    def _profile(self, table: LoadedTable) -> dict[str, ColumnProfile]:
        first = self._next
        self._next += len(table.stored)
        columns = {name: (column.sql, column.is_list) for name, column in table.stored.items()}
        with self._transaction():
            return profile_table(self.connection, table.name, table.rows, columns, table.summary, first)

    def _add_declared(self, name: str, columns: dict[str, Stored], summary: DatasetSummary) -> None:
        """Adds the declared columns that no row fills; an empty table has all of them."""
        if not columns:
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({OWN})")
        for column in summary.info.columns:
            if column.name not in columns:
                add_column(self.connection, columns, name, column.name)


def _key(summary: DatasetSummary) -> tuple[str, str]:
    return summary.source, summary.info.name


def _all_rows(data: LinkingData, summary: DatasetSummary, reading: Reading | None) -> Iterator[Rows]:
    if reading is not None:
        return reading.rows
    return ((batch, None, None) for batch in data.rows(*_key(summary)))
