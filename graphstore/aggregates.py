"""Counts and measures of vertices, per group and per property, computed by the database.

Values count as they do everywhere in the graph: all values of a property, not only the shown one, and a vertex with two
values of a grouping property belongs to two groups. There is one statement for the groups and one per measured property;
each walks the members once and takes their values out of the JSON on the way, so that nothing is joined by searching.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.graph import Aggregate, Measured
from bifrost.values import EMPTY, Value
from graphstore.filters import json_path, value_sql
from graphstore.values import clean_text

__all__ = ["Aggregation"]

_NUMBERS = ("integer", "number")
_MOMENTS: Mapping[str, Any] = {
    "date": date.fromisoformat, "datetime": datetime.fromisoformat, "time": time.fromisoformat,
}  # fmt: skip
_MOST_GROUPS = 10_000
_NOTHING = Measured(0)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What to compute: ``measure`` and ``by`` map properties to their types, ``distinct`` names some of ``measure``."""

    measure: Mapping[str, str]
    distinct: Sequence[str] = ()
    by: Mapping[str, str] | None = None
    limit: int = 100

    def run(
        self,
        connection: Connection,
        members: Any,
        sqlite: bool,
        *,
        grouped: bool = False,
        bound: Mapping[str, Any] = EMPTY,
    ) -> dict[Any, Aggregate]:
        """``members`` selects ``id`` of vertices, and with ``grouped`` also ``of``: then aggregates are by ``of``. ``bound`` is
        what ``members`` needs to be told.

        Returns aggregates in the order of their size: by ``of``, else by the tuple of the group's values."""
        plan = _Plan(members.cte("members"), sqlite, tuple((self.by or {}).items()), grouped, bound)
        rows = connection.execute(plan.groups(min(self.limit, _MOST_GROUPS)), bound).all()
        counts = {tuple(row[:-1]): int(row[-1]) for row in rows}
        measured: dict[str, dict[Any, Measured]] = {
            name: plan.measured(connection, name, type_, name in self.distinct, counts)
            for name, type_ in self.measure.items()
        }
        found: dict[Any, Aggregate] = {}
        for key, count in counts.items():
            nothing = {name: Measured(0, distinct=0) if name in self.distinct else _NOTHING for name in measured}
            values = () if grouped else tuple(_value(v, t) for v, (_, t) in zip(key, plan.by, strict=True))
            said = {name: of.get(key, nothing[name]) for name, of in measured.items()}
            found[key[0] if grouped else key] = Aggregate(count, said, values)
        return found


@dataclass(frozen=True)
class _Plan:
    """Statements over the same members and groups."""

    members: Any
    sqlite: bool
    by: tuple[tuple[str, str], ...]
    grouped: bool
    bound: Mapping[str, Any]

    def groups(self, limit: int) -> Any:
        """Keys and the number of members, the largest groups first."""
        keys = self._keys()
        count: Any = sa.literal_column("count(*)").label("n")
        query = self._select([*keys, count], self._source())
        if not keys:
            return query
        query = query.group_by(*(sa.literal_column(str(i + 1)) for i in range(len(keys))))
        if self.grouped:
            return query
        order: list[Any] = [sa.literal_column(f"{i + 1} NULLS LAST") for i in range(len(keys))]
        return query.order_by(sa.literal_column(f"{len(keys) + 1} DESC"), *order).limit(limit)

    def measured(
        self, connection: Connection, name: str, type_: str, distinct: bool, wanted: Mapping[Any, int]
    ) -> dict[Any, Measured]:
        """What the values of a property amount to, by the ``wanted`` keys."""
        sql, keys = value_sql(self.sqlite), self._keys()
        shown = _shown(type_, self.sqlite)
        real = "REAL" if self.sqlite else "double precision"
        columns = ["count(*)", f"min({shown})", f"max({shown})"]
        columns.append(f"sum(CAST(({sql.number}) AS {real}))" if type_ in _NUMBERS else "NULL")
        if distinct:
            columns.append(f"count(DISTINCT ({sql.number})) + count(DISTINCT ({sql.kind}) || ({sql.text}))")
        texts = [*keys, *(sa.literal_column(text).label(f"m{i}") for i, text in enumerate(columns))]
        query = self._select(texts, self._source(name))
        if keys:
            query = query.group_by(*(sa.literal_column(str(i + 1)) for i in range(len(keys))))
        found = {}
        for row in connection.execute(query, self.bound):
            key = tuple(row[: len(keys)])
            if key in wanted and row[len(keys)]:
                count, low, high, total, *different = row[len(keys) :]
                found[key] = Measured(
                    int(count),
                    None if total is None else float(total),
                    _value(low, type_),
                    _value(high, type_),
                    int(different[0]) if different else None,
                )
        return found

    def _keys(self) -> list[Any]:
        keys: list[Any] = [sa.literal_column("members.of").label("of")] if self.grouped else []
        for i, (_, type_) in enumerate(self.by):
            keys.append(sa.literal_column(_of(_shown(type_, self.sqlite), i)).label(f"key{i}"))
        return keys

    def _source(self, measured: str | None = None) -> Any:
        """Members, a row for each combination of values that group them, and for each value that is measured."""
        text, bound = "members JOIN vertex ON vertex.id = members.id", []
        names = [*((name, str(i), "LEFT JOIN") for i, (name, _) in enumerate(self.by))]
        if measured is not None:
            names.append((measured, "", "JOIN"))
        for name, i, join in names:
            step, parameter = self._values(name, i, join)
            text += step
            bound.append(parameter)
        return sa.text(text).bindparams(*bound)

    def _values(self, name: str, i: str, join: str) -> tuple[str, Any]:
        """The values of a property as the table ``j`` (numbered ``i``)."""
        place, name = f"name{i}", clean_text(name)
        if not self.sqlite:
            step = f" {join} LATERAL jsonb_array_elements(vertex.properties::jsonb -> :{place}) AS j{i}(value) ON true"
            return step, sa.bindparam(place, name, sa.Text)
        if (path := json_path(name)) is not None:
            step = f" {join} json_each(vertex.properties, :{place}) j{i} ON true"
            return step, sa.bindparam(place, path, sa.Text)
        step = (
            f" {join} json_each(vertex.properties) p{i} ON p{i}.key = :{place}"
            f" {join} json_each(p{i}.value) j{i} ON true"
        )
        return step, sa.bindparam(place, name, sa.Text)

    def _select(self, columns: Sequence[Any], source: Any) -> Any:
        return sa.select(*columns).select_from(source).add_cte(self.members)


def _of(expression: str, i: int) -> str:
    """An expression over the values ``j`` as one over the values of the key number ``i``."""
    return re.sub(r"\bj\.", f"j{i}.", expression)


def _shown(type_: str, sqlite: bool) -> str:
    """What a value of this type is compared and grouped by."""
    sql = value_sql(sqlite)
    if type_ in _NUMBERS:
        return f"({sql.number})"
    return f"coalesce(({sql.text}), CAST(({sql.number}) AS TEXT))" if type_ == "text" else f"({sql.text})"


def _value(cell: Any, type_: str) -> Value | None:
    """A cell of a result as a value of its type."""
    if cell is None:
        return None
    if type_ == "integer":
        return int(cell)
    if type_ == "boolean":
        return bool(cell == "true")
    if type_ in _MOMENTS:
        try:
            return _MOMENTS[type_](cell)  # type: ignore[no-any-return]
        except ValueError:
            return str(cell)
    return cell  # type: ignore[no-any-return]
