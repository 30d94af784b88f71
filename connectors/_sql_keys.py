"""Keys of tables that declare none: a column named like their key, or their first, whose values are all there and all different."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnClause, Connection, String, cast, column, distinct, func, select
from sqlalchemy import table as table_of
from sqlalchemy.exc import DBAPIError

from bifrost.keys import record_key
from bifrost.row_keys import INFERRED_KEY
from bifrost.values import DatasetInfo
from connectors._infer import key_rank

__all__ = ["with_inferred_key"]

_CANDIDATES = 3
_NAMED, _FIRST = frozenset({0, 1, 3}), frozenset({2, 4})
"""How columns rank whose names say that they identify the rows of their table, and those that may do so where they come first: they
are called like a key, perhaps another table's, or like anything but a counter of rows."""
_MANY = 20
"""In a table of fewer rows any column may tell them apart by accident."""
_MOST_ROWS = 1_000_000
"""Larger tables are not counted through at every look at the database."""


def with_inferred_key(connection: Connection, info: DatasetInfo, schema: str | None) -> DatasetInfo:
    """The table with a key that its values allow, where it declares none: what a record says may change, its key stays."""
    if record_key(info) or info.estimated_records is None or not 2 <= info.estimated_records <= _MOST_ROWS:
        return info
    ranked = sorted(
        (key_rank(one.name, info.name, place), place, one.name)
        for place, one in enumerate(info.columns)
        if one.type in ("text", "integer")
    )
    many = info.estimated_records >= _MANY
    fit = [name for rank, place, name in ranked if rank in _NAMED or (many and place == 0 and rank in _FIRST)]
    names = fit[:_CANDIDATES]
    unique = None
    # Some columns may be hidden from this user, some views fail when they are read.
    with suppress(DBAPIError), connection.begin_nested():
        unique = _unique(connection, info, names, schema) if names else None
    if unique is None:
        return info
    return replace(info, key=(unique,), options={**info.options, INFERRED_KEY: True})


def _unique(connection: Connection, info: DatasetInfo, names: Sequence[str], schema: str | None) -> str | None:
    """The first of some columns that is filled and different in every row."""
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    counts = [function for c in columns for function in (func.count(c), func.count(distinct(cast(c, String))))]
    found = connection.execute(select(func.count(), *counts).select_from(table_of(info.name, *columns, schema=schema)))
    rows, *given = found.one()
    pairs = zip(names, given[::2], given[1::2], strict=True)
    return next((name for name, filled, different in pairs if rows >= 2 and filled == different == rows), None)
