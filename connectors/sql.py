"""Any database that SQLAlchemy can reach: reflected tables with their keys, streamed in batches, never written to."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pyarrow as pa
from sqlalchemy import ColumnClause, Connection, Engine, Select, column, inspect, select, text
from sqlalchemy import table as table_of
from sqlalchemy.exc import NoSuchTableError

from bifrost.errors import InputError, RecordError, SourceError
from bifrost.keys import Occurrences, record_key, record_keys
from bifrost.ports import ConnectionReport
from bifrost.row_keys import INFERRED_KEY
from bifrost.values import DatasetInfo, FileRecord, RowBatch
from connectors._sql_errors import source_errors
from connectors._sql_keys import with_inferred_key
from connectors._sql_options import SqlOptions, make_engine
from connectors._sql_reflect import reflect, visible_names
from connectors._sql_values import to_array

__all__ = ["SqlConnector", "implementation"]

_VERSIONS = {
    "sqlite": ("SQLite", "SELECT sqlite_version()"),
    "postgresql": ("PostgreSQL", "SHOW server_version"),
    "mysql": ("MySQL", "SELECT VERSION()"),
    "mariadb": ("MariaDB", "SELECT VERSION()"),
}


class SqlConnector:
    """A relational database. One read-only transaction per crawled table, read through a server-side cursor."""

    Options: ClassVar[type[SqlOptions]] = SqlOptions
    title: ClassVar[str] = "SQL database"

    def __init__(self, options: SqlOptions) -> None:
        self.options = options
        self._engine: Engine | None = None

    def test(self) -> ConnectionReport:
        begin = time.monotonic()
        with self._connect() as connection:
            names, _ = visible_names(connection, inspect(connection), self.options)
            title, question = _VERSIONS.get(connection.dialect.name, (connection.dialect.name, ""))
            version = str(connection.execute(text(question)).scalar()) if question else ""
            title = "MariaDB" if "MariaDB" in version else title
        count = len(names)
        warnings = () if count else ("No table is visible to this user with these patterns.",)
        return ConnectionReport(f"{title} {version}".strip(), count, time.monotonic() - begin, warnings)

    def datasets(self) -> tuple[DatasetInfo, ...]:
        with self._connect() as connection:
            found = reflect(connection, self.options)
            return tuple(with_inferred_key(connection, info, self.options.schema_name) for info in found)

    def preview(self, dataset: DatasetInfo, limit: int = 50) -> pa.Table:
        with self._connect() as connection:
            rows = connection.execute(self._select(dataset).limit(limit)).fetchall()
        return _to_table(dataset, rows)

    def crawl(self, dataset: DatasetInfo) -> Iterator[RowBatch | FileRecord | RecordError]:
        key = record_key(dataset)
        occurrences = Occurrences()
        size = self.options.batch_rows
        with self._connect() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=size)
            with streaming.execute(self._select(dataset)) as result:
                for rows in result.partitions(size):
                    table = _to_table(dataset, rows)
                    yield RowBatch(table, record_keys(table, key, occurrences))

    def fetch(self, dataset: DatasetInfo, key: str) -> FileRecord:
        raise InputError(f"{dataset.name!r} is a table; it has no file {key!r}.")

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        password = self.options.password
        with source_errors(password.get_secret_value() if password else None):
            if self._engine is None:
                self._engine = make_engine(self.options)
            try:
                with self._engine.connect() as connection:
                    yield connection
            except NoSuchTableError as error:
                raise SourceError(f"The table {error} does not exist any more.") from None

    def _select(self, dataset: DatasetInfo) -> Select[Any]:
        if not dataset.columns:
            raise InputError(f"The table {dataset.name!r} has no column that can be read.")
        # untyped columns: the driver's own values, so that one malformed date does not fail the table
        columns: list[ColumnClause[Any]] = [column(info.name) for info in dataset.columns]
        query = select(*columns).select_from(table_of(dataset.name, *columns, schema=self.options.schema_name))
        # No index would help to sort by a key that the database does not know.
        key = () if dataset.options.get(INFERRED_KEY) else record_key(dataset)
        return query.order_by(*(column(name) for name in key))


def _to_table(dataset: DatasetInfo, rows: Sequence[Sequence[Any]]) -> pa.Table:
    scales: Mapping[str, int] = dataset.options.get("scales", {})
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(dataset.columns)
    arrays = [
        to_array(values, info.type, scales.get(info.name))
        for info, values in zip(dataset.columns, columns, strict=True)
    ]
    return pa.table(arrays, names=[info.name for info in dataset.columns])


implementation = SqlConnector
