"""Property filters and orders as SQL over the JSON of ``vertex.properties``, for SQLite and PostgreSQL.

A filter passes when any value of the property does. Numbers compare with numbers, text with text, moments with a zone
as what they are in UTC, and dates, times, booleans by their ISO or literal text; values of other kinds never match.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bifrost.errors import InputError
from bifrost.graph import PropertyFilter
from bifrost.values import Value
from graphstore import schema as s
from graphstore.values import clean_text

__all__ = ["SortKey", "ValueSql", "json_path", "property_condition", "sort_key", "value_sql"]

_SQLITE_VALUES = "json_each(vertex.properties) p, json_each(p.value) j WHERE p.key = {name}"
_SQLITE_AT = "json_each(vertex.properties, {name}) j WHERE true"
"""The same for names that can stand in a path: the text is parsed once."""
_SQLITE_NUMBER = (
    "CASE WHEN j.type IN ('integer', 'real') THEN j.value WHEN j.type = 'object' THEN "
    "CAST(coalesce(json_extract(j.value, '$.\"@decimal\"'), json_extract(j.value, '$.\"@int\"')) AS REAL) END"
)
_MOMENT = "json_extract(j.value, '$.\"@datetime\"')"
_SQLITE_UTC = (  # its dates know milliseconds alone, so a fraction of a second stays text
    f"CASE WHEN length({_MOMENT}) > 19 AND substr({_MOMENT}, -6, 1) IN ('+', '-') AND substr({_MOMENT}, -5) <> '00:00' "
    f"THEN strftime('%Y-%m-%dT%H:%M:%S', substr({_MOMENT}, 1, 19) || substr({_MOMENT}, -6)) || "
    f"substr({_MOMENT}, 20, length({_MOMENT}) - 25) || '+00:00' ELSE {_MOMENT} END"
)
_SQLITE_TEXT = (
    "CASE j.type WHEN 'text' THEN j.value WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'object' THEN "
    f"coalesce(json_extract(j.value, '$.\"@date\"'), {_SQLITE_UTC}, json_extract(j.value, '$.\"@time\"')) END"
)
_SQLITE_KIND = "CASE j.type WHEN 'text' THEN 's' WHEN 'true' THEN 'b' WHEN 'false' THEN 'b' ELSE 'd' END"

_PG_VALUES = "jsonb_array_elements(vertex.properties::jsonb -> {name}) AS j(value) WHERE true"
_PG_NUMBER = (
    "CASE WHEN jsonb_typeof(j.value) = 'number' THEN (j.value #>> '{}')::double precision "
    "WHEN j.value ? '@decimal' THEN (j.value ->> '@decimal')::double precision "
    "WHEN j.value ? '@int' THEN (j.value ->> '@int')::double precision END"
)
_PG_UTC = (
    "CASE WHEN (j.value ->> '@datetime') ~ '[+-]..:..$' AND (j.value ->> '@datetime') !~ '[+-]00:00$' "
    "THEN replace(to_char((j.value ->> '@datetime')::timestamptz AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || '+00:00' ELSE j.value ->> '@datetime' END"
)
_PG_TEXT = (
    "CASE jsonb_typeof(j.value) WHEN 'string' THEN j.value #>> '{}' WHEN 'boolean' THEN j.value #>> '{}' "
    f"WHEN 'object' THEN coalesce(j.value ->> '@date', {_PG_UTC}, j.value ->> '@time') END"
)
_PG_KIND = "CASE jsonb_typeof(j.value) WHEN 'string' THEN 's' WHEN 'boolean' THEN 'b' ELSE 'd' END"

_PATH = re.compile(r'[^"\\\x00-\x1f]+').fullmatch
_COMPARISONS = {"neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


@dataclass(frozen=True, slots=True)
class ValueSql:
    """SQL over the values of the property ``{name}`` of ``vertex``, one row each: where they come from, their number,
    text and kind (s text, b boolean, d date or time)."""

    values: str
    number: str
    text: str
    kind: str


_INFINITE = "CASE {0} WHEN 'inf' THEN {1} WHEN '-inf' THEN -{1} END"
_SQLITE_INFINITE = _INFINITE.format("json_extract(j.value, '$.\"@float\"')", "9e999")
_PG_INFINITE = _INFINITE.format("j.value ->> '@float'", "'infinity'::double precision")
"""Numbers that are compared, but neither shown nor added up."""

_SQLITE = ValueSql(_SQLITE_VALUES, _SQLITE_NUMBER, _SQLITE_TEXT, _SQLITE_KIND)
_PG = ValueSql(_PG_VALUES, _PG_NUMBER, _PG_TEXT + ' COLLATE "C"', _PG_KIND)


def value_sql(sqlite: bool) -> ValueSql:
    return _SQLITE if sqlite else _PG


def json_path(name: str) -> str | None:
    """Where SQLite finds the values of a property; None for names that cannot stand in a JSON path as they are."""
    return f'$."{name}"' if _PATH(name) else None


def _operand(value: Value) -> tuple[str, Any]:
    """The kind of a filter value (n number, s text, b boolean, d date or time) and what SQL compares with."""
    match value:
        case bool():
            return "b", "true" if value else "false"
        case str():
            return "s", clean_text(value)
        case int() | float() | Decimal():
            return "n", value if isinstance(value, int) and abs(value) < 2**63 else _double(value)
        case datetime() if value.tzinfo:
            return "d", value.astimezone(UTC).isoformat()
        case datetime() | date() | time():
            return "d", value.isoformat()
    raise InputError(f"A filter cannot compare with {type(value).__name__}.")


def _double(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def property_condition(filter: PropertyFilter, sqlite: bool, prefix: str) -> sa.ColumnElement[bool]:
    """The SQL condition on ``vertex`` of any filter but eq and in, which the value index answers.

    ``prefix`` keeps bound names of several filters apart.
    """
    d, place = _SQLITE if sqlite else _PG, clean_text(filter.name)
    values, path = d.values, json_path(place) if sqlite else None
    if path is not None:
        values, place = _SQLITE_AT, path
    values = values.format(name=f":{prefix}name")
    name = sa.bindparam(f"{prefix}name", place, sa.Text)
    if filter.op == "exists":
        sign = "NOT EXISTS" if filter.value is False else "EXISTS"
        clause = f"{sign} (SELECT 1 FROM {values})"
        return sa.text(clause).bindparams(name)  # type: ignore[return-value]
    if filter.value is None or isinstance(filter.value, tuple):
        raise InputError(f"The filter {filter.op!r} on {filter.name!r} needs one value.")
    kind, operand = _operand(filter.value)
    compared: sa.BindParameter[Any] = sa.bindparam(f"{prefix}value", operand)
    place = f":{prefix}value"
    if filter.op in _COMPARISONS:
        sign = _COMPARISONS[filter.op]
        infinite = f"CASE j.type WHEN 'object' THEN {_SQLITE_INFINITE} END" if sqlite else _PG_INFINITE
        condition = (
            f"coalesce({d.number}, {infinite}) {sign} {place}"
            if kind == "n"
            else f"({d.kind}) = '{kind}' AND ({d.text}) {sign} {place}"
        )
    elif filter.op in ("contains", "starts_with") and kind == "s":
        find = "instr({0}, {1}) > 0" if sqlite else "position({1} in {0}) > 0"
        start = "substr({0}, 1, length({1})) = {1}"
        test = (find if filter.op == "contains" else start).format(f"({d.text})", place)
        condition = f"({d.kind}) = 's' AND {test}"
    else:
        raise InputError(f"There is no filter {filter.op!r} for {type(filter.value).__name__} values.")
    clause = f"EXISTS (SELECT 1 FROM {values} AND ({condition}))"
    return sa.text(clause).bindparams(name, compared)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class SortKey:
    """The first value of a property as three SQL columns: kind (0 number, 1 text, 2 missing), number, text."""

    kind: sa.ColumnElement[int]
    number: sa.ColumnElement[float]
    text: sa.ColumnElement[str]
    value: Any = None
    """What has to be joined to the vertices for that."""

    def labelled(self) -> tuple[sa.Label[Any], sa.Label[Any], sa.Label[Any]]:
        """Under the names that cursors are made from."""
        return self.kind.label("sort_kind"), self.number.label("sort_number"), self.text.label("sort_text")

    def joined(self, vertices: Any) -> Any:
        """Vertices with the value that they are ordered by."""
        return vertices if self.value is None else vertices.outerjoin(self.value, sa.true())

    def of(self, columns: Any) -> "SortKey":
        """The same where they are columns already."""
        return SortKey(columns.sort_kind, columns.sort_number, columns.sort_text)


def sort_key(name: str, sqlite: bool) -> SortKey:
    """What to order vertices by: numbers, then text and dates, then those without the property."""
    d, name = _SQLITE if sqlite else _PG, clean_text(name)
    kind = f"CASE WHEN ({d.number}) IS NOT NULL THEN 0 WHEN ({d.text}) IS NOT NULL THEN 1 END"

    def joined(expression: str, missing: Any) -> Any:
        return sa.func.coalesce(sa.literal_column(f"({expression})"), missing)

    if not sqlite:
        value = _first_value(name)
        return SortKey(joined(kind, 2), joined(d.number, 0), joined(d.text, ""), value)
    path = json_path(name)
    if path is not None:
        first = sa.func.json_each(s.vertex.c.properties, sa.bindparam("sort_path", f"{path}[0]", sa.Text))
        value = first.table_valued("value", "type", name="j")
        return SortKey(joined(kind, 2), joined(d.number, 0), joined(d.text, ""), value)
    bound = sa.bindparam("sort_name", name, sa.Text)
    rows = f"{d.values.format(name=':sort_name')} AND j.key = 0"

    def scalar(expression: str, missing: Any) -> Any:
        return sa.func.coalesce(sa.text(f"(SELECT {expression} FROM {rows})").bindparams(bound), missing)

    return SortKey(scalar(kind, 2), scalar(d.number, 0), scalar(f"({d.text})", ""))


def _first_value(name: str) -> Any:
    """The table ``j`` of the first value of a property of ``vertex`` on PostgreSQL. The offset keeps it a query of its own:
    written out where it is used, the text would be parsed once for every use."""
    said = sa.cast(s.vertex.c.properties, postgresql.JSONB)[sa.bindparam("sort_name", name, sa.Text)][0]
    return sa.select(said.label("value")).correlate(s.vertex).offset(0).lateral("j")
