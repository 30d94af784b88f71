"""Inserting many rows through the drivers themselves: SQLite by statements of many rows, PostgreSQL by COPY."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

__all__ = ["OR_FAIL", "copy_rows", "insert_flat", "insert_into", "insert_rows", "interleaved", "rows_of", "target_of"]

OR_FAIL = "OR FAIL"
"""Of an INSERT of many rows on SQLite. By default a statement that fails takes back what it did itself, for which it copies
every page to a file before changing it; here the transaction takes everything back."""
_ROWS = (1_000, 100)
"""Rows per INSERT statement on SQLite, as many of the larger ones as there are."""


def target_of(connection: Connection, table: sa.Table, columns: Iterable[str]) -> str:
    """A table with some of its columns, as INSERT and COPY name them."""
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(map(quote, columns))})"


def insert_into(connection: Connection) -> str:
    """How a statement of many rows begins."""
    return f"INSERT {OR_FAIL} INTO" if connection.dialect.name == "sqlite" else "INSERT INTO"


def copy_rows(cursor: Any, target: str, rows: Iterable[tuple[Any, ...]], constants: tuple[Any, ...] = ()) -> None:
    """Copies tuples into ``target``, a PostgreSQL table with its columns; ``constants`` follow the values in each row."""
    with cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row((*row, *constants))


def insert_rows(cursor: Any, target: str, width: int, rows: Sequence[Any], constants: Sequence[Any] = ()) -> None:
    """Inserts tuples of ``width`` values into ``target``, a SQLite table with its columns, and closes the cursor.

    ``constants`` are numbers that follow the values in each row: written into the statement, they cost nothing per row.

    The driver itself is several times faster than going through SQLAlchemy's result of each statement. Many rows per
    statement take a third less time than ``executemany``, and leave the interpreter to other threads meanwhile.
    """
    many = _ROWS[0] * 10
    for first in range(0, len(rows), many):
        insert_flat(cursor, target, width, list(chain.from_iterable(rows[first : first + many])), constants)
    cursor.close()


def insert_flat(cursor: Any, target: str, width: int, values: list[Any], constants: Sequence[Any] = ()) -> None:
    """:func:`insert_rows` of values that follow each other, ``width`` to a row; the cursor stays open."""
    row, done = f"({', '.join([*'?' * width, *map(repr, constants)])})", 0
    for size in _ROWS:
        many, step = f"INSERT {OR_FAIL} INTO {target} VALUES {', '.join([row] * size)}", size * width
        while len(values) - done >= step:
            cursor.execute(many, values[done : done + step])
            done += step
    cursor.executemany(f"INSERT INTO {target} VALUES {row}", rows_of(values[done:], width))


def rows_of(values: Iterable[Any], width: int) -> Iterator[tuple[Any, ...]]:
    """Values that follow each other as tuples of ``width``."""
    return zip(*[iter(values)] * width, strict=True)


def interleaved(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Columns of equal length as the values of rows that follow each other; a slice per column is faster than rows."""
    width = len(columns)
    values: list[Any] = [None] * (width * len(columns[0]))
    for place, column in enumerate(columns):
        values[place::width] = column
    return values
