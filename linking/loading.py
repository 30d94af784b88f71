"""Datasets into DuckDB: all rows of them, or what changed since they were loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bifrost.ports import Reading

__all__ = ["OWN", "Rows", "Stored", "add_column", "copy_rows", "merge_rows"]

Rows = tuple[pa.RecordBatch, NDArray[np.int64] | None, NDArray[np.int64] | None]
"""A batch, and of each of its rows the record and the place among all rows, where these are known."""
OWN = "_row BIGINT, _uid VARCHAR, _record BIGINT, _place BIGINT"
"""What each table has besides the columns of its dataset."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A column as it is stored. DuckDB's names ignore case, so the columns of a table are called ``c0``, ``c1``, ..."""

    table: str
    name: str
    sql: str
    is_list: bool


def copy_rows(connection: Any, table: str, batches: Iterable[Rows]) -> tuple[int, dict[str, Stored]]:
    """Streams batches into a new table; columns that turn up later are added. Returns the number of rows and the columns.

    The table is made where there is a row. It has ``_row`` (from 0), ``_uid``, ``_record`` and ``_place``.
    """
    columns: dict[str, Stored] = {}
    rows = 0
    for batch, records, places in batches:
        if batch.num_rows:
            if not rows:
                connection.execute(f"CREATE TABLE {table} ({OWN})")
            _append(connection, table, columns, batch, (records, places), rows)
            rows += batch.num_rows
    return rows, columns


def _append(
    connection: Any,
    table: str,
    columns: dict[str, Stored],
    batch: pa.RecordBatch,
    ids: tuple[NDArray[np.int64] | None, NDArray[np.int64] | None],
    first_row: int,
) -> None:
    arrays, selected = {"_uid": batch.column("_uid")}, ["_uid"]
    for name, values in zip(("_record", "_place"), ids, strict=True):
        if values is not None:
            arrays[name] = pa.array(values)
            selected.append(name)
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if field.name == "_uid":
            continue
        is_list = pa.types.is_list(field.type) or pa.types.is_large_list(field.type)
        if field.name not in columns:
            add_column(connection, columns, table, field.name, is_list=is_list)
        column = columns[field.name]
        arrays[column.sql] = array
        selected.append(_converted(column.sql, column.sql, is_list, column.is_list))
    connection.register("incoming", pa.table(arrays))
    connection.execute(
        f"INSERT INTO {table} BY NAME SELECT {first_row} + row_number() OVER () - 1 AS _row, {', '.join(selected)} "
        "FROM incoming"
    )
    connection.unregister("incoming")


def add_column(connection: Any, columns: dict[str, Stored], table: str, name: str, *, is_list: bool = False) -> None:
    """Adds an empty column to a table, and to its ``columns``."""
    columns[name] = Stored(table, name, f"c{len(columns)}", is_list)
    connection.execute(f"ALTER TABLE {table} ADD COLUMN {columns[name].sql} {'VARCHAR[]' if is_list else 'VARCHAR'}")


def _converted(sql: str, name: str, is_list: bool, wanted_list: bool) -> str:
    if wanted_list and not is_list:
        return f"CASE WHEN {sql} IS NOT NULL THEN [{sql}] END AS {name}"
    if is_list and not wanted_list:
        return f"array_to_string({sql}, '; ') AS {name}"
    return f"{sql} AS {name}"


def merge_rows(
    connection: Any, before: str, known: Mapping[str, Stored], table: str, reading: Reading
) -> tuple[int, dict[str, Stored]] | None:
    """Makes a new table of an earlier one and what changed since: the same as loading all rows would.

    None, and no table, where that cannot be told: where columns came, went or turned into lists, and where the first row,
    which orders the columns, changed.
    """
    fresh = f"{table}_fresh"
    rows, columns = copy_rows(connection, fresh, reading.rows)
    same = all(name in known and (known[name].is_list or not c.is_list) for name, c in columns.items())
    made = None
    if same:
        _set_aside(connection, before, reading)
        if _keeps_first_row(connection, before):
            made = _united(connection, (before, known), (fresh if rows else "", columns), table)
        connection.execute("DROP TABLE aside")
    connection.execute(f"DROP TABLE IF EXISTS {fresh}")
    if made is not None and _shapes(connection, before, known) != _shapes(connection, table, known):
        connection.execute(f"DROP TABLE {table}")
        return None
    return made


def _set_aside(connection: Any, before: str, reading: Reading) -> None:
    """Puts the records whose rows no longer hold into the table ``aside``."""
    connection.register("incoming", pa.table({"record": pa.array(sorted(reading.records or ()), pa.int64())}))
    connection.execute("CREATE OR REPLACE TEMP TABLE aside AS SELECT record FROM incoming")
    connection.unregister("incoming")
    if reading.present is not None:
        connection.register("incoming", pa.table({"record": pa.array(reading.present)}))
        connection.execute(
            f"INSERT INTO aside SELECT DISTINCT _record FROM {before} WHERE _record NOT IN (SELECT record FROM incoming)"
        )
        connection.unregister("incoming")


def _keeps_first_row(connection: Any, before: str) -> bool:
    query = f"SELECT count(*) FROM {before} WHERE _row = 0 AND _record NOT IN (SELECT record FROM aside)"
    ((found,),) = connection.execute(query).fetchall()
    return bool(found)


def _united(
    connection: Any, before: tuple[str, Mapping[str, Stored]], fresh: tuple[str, Mapping[str, Stored]], table: str
) -> tuple[int, dict[str, Stored]]:
    columns = {name: Stored(table, name, c.sql, c.is_list) for name, c in before[1].items()}
    own = "_uid, _record, _place"
    kept = ", ".join((own, *(c.sql for c in columns.values())))
    sql = f"SELECT {kept} FROM {before[0]} WHERE _record NOT IN (SELECT record FROM aside)"
    if fresh[0]:
        said = (_as_before(column, fresh[1].get(name)) for name, column in columns.items())
        sql += f" UNION ALL SELECT {', '.join((own, *said))} FROM {fresh[0]}"
    connection.execute(
        f"CREATE TABLE {table} AS SELECT row_number() OVER (ORDER BY _place) - 1 AS _row, * FROM ({sql}) ORDER BY _place"
    )
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows), columns


def _as_before(column: Stored, fresh: Stored | None) -> str:
    if fresh is None:
        return f"NULL AS {column.sql}"
    return _converted(fresh.sql, column.sql, fresh.is_list, column.is_list)


def _shapes(connection: Any, table: str, columns: Mapping[str, Stored]) -> tuple[bool, ...]:
    """Which columns have values, and which of the lists have several: by that they would be made so again."""
    some = [f"count({c.sql}) > 0" for c in columns.values()]
    several = [f"coalesce(max(len({c.sql})), 0) > 1" for c in columns.values() if c.is_list]
    (found,) = connection.execute(f"SELECT {', '.join((*some, *several, 'TRUE'))} FROM {table}").fetchall()
    return tuple(found)
