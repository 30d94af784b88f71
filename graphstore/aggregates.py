"""Counts and measures of vertices, per group and per property, computed by the database.

Values count as they do everywhere in the graph: all values of a property, not only the shown one, and a vertex with two
values of a grouping property belongs to two groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.graph import Aggregate, Measured
from bifrost.values import Value
from graphstore.filters import value_sql
from graphstore.values import clean_text

__all__ = ["Aggregation"]

_NUMBERS = ("integer", "number")
_MOMENTS: Mapping[str, Any] = {
    "date": date.fromisoformat, "datetime": datetime.fromisoformat, "time": time.fromisoformat,
}  # fmt: skip
_MOST_GROUPS = 10_000


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What to compute: ``measure`` and ``by`` map properties to their types, ``distinct`` names some of ``measure``."""

    measure: Mapping[str, str]
    distinct: Sequence[str] = ()
    by: Mapping[str, str] | None = None
    limit: int = 100

    def run(self, connection: Connection, members: Any, sqlite: bool, *, grouped: bool = False) -> dict[Any, Any]:
        """``members`` selects ``id`` of vertices, and with ``grouped`` also ``of``: then aggregates are by ``of``.

        Returns aggregates in the order of their size: by ``of``, else by the tuple of the group's values."""
        plan = _Plan(members.cte("members"), sqlite, tuple((self.by or {}).items()), grouped)
        rows = connection.execute(plan.measures(self.measure, min(self.limit, _MOST_GROUPS))).all()
        keys = [tuple(row[: plan.width]) for row in rows]
        distinct = {name: plan.distinct(connection, name, set(keys)) for name in self.distinct}
        types = list(self.measure.items())
        found: dict[Any, Aggregate] = {}
        for key, row in zip(keys, rows, strict=True):
            count, *cells = row[plan.width :]
            measured = {
                name: _measured(
                    type_, cells[i * 4 : i * 4 + 4], distinct[name].get(key, 0) if name in distinct else None
                )
                for i, (name, type_) in enumerate(types)
            }
            values = () if grouped else tuple(_value(v, t) for v, (_, t) in zip(key, plan.by, strict=True))
            found[key[0] if grouped else key] = Aggregate(count, measured, values)
        return found


@dataclass(frozen=True)
class _Plan:
    """Statements over the same members and groups."""

    members: Any
    sqlite: bool
    by: tuple[tuple[str, str], ...]
    grouped: bool

    @property
    def width(self) -> int:
        return len(self.by) + self.grouped

    def measures(self, measure: Mapping[str, str], limit: int) -> Any:
        """Keys, the number of members, and per property the number, sum, minimum and maximum of values."""
        source, keys = self._source()
        columns: list[Any] = []
        for i, (name, type_) in enumerate(measure.items()):
            sql = value_sql(self.sqlite)
            number = f"({sql.number})" if type_ in _NUMBERS else "NULL"
            shown = _shown(type_, self.sqlite)
            per_vertex = self._values(
                f"m{i}", name, n="count(*)", total=f"sum(CAST({number} AS {self._real}))", low=f"min({shown})",
                high=f"max({shown})", group=True,
            )  # fmt: skip
            source = source.outerjoin(per_vertex, per_vertex.c.id == self.members.c.id)
            columns += [
                sa.func.coalesce(sa.func.sum(per_vertex.c.n), 0), sa.func.sum(per_vertex.c.total),
                sa.func.min(per_vertex.c.low), sa.func.max(per_vertex.c.high),
            ]  # fmt: skip
        named = [column.label(f"a{i}") for i, column in enumerate(columns)]
        count = sa.func.count(self.members.c.id).label("n")
        query = sa.select(*keys, count, *named).select_from(source)
        if not keys:
            return query
        query = query.group_by(*keys)
        return query if self.grouped else query.order_by(count.desc(), *(key.nulls_last() for key in keys)).limit(limit)

    def distinct(self, connection: Connection, name: str, wanted: set[Any]) -> dict[Any, int]:
        """The number of different values of a property, by the ``wanted`` keys."""
        source, keys = self._source()
        sql = value_sql(self.sqlite)
        values = self._values("d", name, number=f"({sql.number})", text=f"({sql.kind}) || ({sql.text})")
        source = source.join(values, values.c.id == self.members.c.id)
        count = sa.func.count(values.c.number.distinct()) + sa.func.count(values.c.text.distinct())
        query = sa.select(*keys, count).select_from(source)
        rows = connection.execute(query.group_by(*keys) if keys else query)
        return {key: row[-1] for row in rows if (key := tuple(row[:-1])) in wanted}

    def _source(self) -> tuple[Any, list[Any]]:
        """Members joined with the values that group them, and these values' columns."""
        source, keys = self.members, [self.members.c.of.label("of")] if self.grouped else []
        for i, (name, type_) in enumerate(self.by):
            values = self._values(f"k{i}", name, v=_shown(type_, self.sqlite), distinct=True)
            source = source.outerjoin(values, values.c.id == self.members.c.id)
            keys.append(values.c.v.label(f"key{i}"))
        return source, keys

    @property
    def _real(self) -> str:
        return "REAL" if self.sqlite else "double precision"

    def _values(self, alias: str, name: str, *, distinct: bool = False, group: bool = False, **columns: str) -> Any:
        """A table of columns computed from the values of a property of the members."""
        sql = value_sql(self.sqlite)
        bound = sa.bindparam(f"{alias}_name", clean_text(name), sa.Text)
        shown = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
        text = (
            f"SELECT {'DISTINCT ' if distinct else ''}vertex.id AS id, {shown} FROM vertex, "
            f"{sql.values.format(name=f':{alias}_name')} AND vertex.id IN (SELECT id FROM members)"
            f"{' GROUP BY vertex.id' if group else ''}"
        )
        selected = sa.text(text).bindparams(bound).columns(sa.column("id"), *(sa.column(name) for name in columns))
        return selected.subquery(alias)


def _shown(type_: str, sqlite: bool) -> str:
    """What a value of this type is compared and grouped by."""
    sql = value_sql(sqlite)
    if type_ in _NUMBERS:
        return f"({sql.number})"
    return f"coalesce(({sql.text}), CAST(({sql.number}) AS TEXT))" if type_ == "text" else f"({sql.text})"


def _measured(type_: str, cells: Sequence[Any], distinct: int | None) -> Measured:
    count, total, low, high = cells
    return Measured(
        int(count), None if total is None else float(total), _value(low, type_), _value(high, type_), distinct
    )


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
