"""Reads a database's own description of its tables into DatasetInfo."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection, Select, func, inspect, literal_column, select, text, types
from sqlalchemy import table as table_of
from sqlalchemy.engine import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import ObjectKind

from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Reference
from connectors._sql_options import SqlOptions
from connectors._sqlite_types import sqlite_types

__all__ = ["data_type", "reflect", "visible_names"]

_COUNT_AT_MOST = 200_000


def visible(names: Iterable[str], options: SqlOptions) -> list[str]:
    """The names that the include and exclude patterns leave, sorted. Case does not matter."""
    include = [pattern.lower() for pattern in options.include]
    exclude = [pattern.lower() for pattern in options.exclude]
    return sorted(
        name
        for name in names
        if (not include or any(fnmatchcase(name.lower(), pattern) for pattern in include))
        and not any(fnmatchcase(name.lower(), pattern) for pattern in exclude)
    )


def visible_names(connection: Connection, inspector: Inspector, options: SqlOptions) -> tuple[list[str], set[str]]:
    """The visible tables and views, and which of them are views. Partitions are left out: their parent has their rows."""
    schema = options.schema_name
    names = set(inspector.get_table_names(schema))
    views: set[str] = set()
    if connection.dialect.name == "postgresql":
        partitions = text(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relispartition AND n.nspname = COALESCE(:schema, current_schema())"
        )
        names.difference_update(connection.execute(partitions, {"schema": schema}).scalars())
    if options.views:
        views.update(inspector.get_view_names(schema))
        if connection.dialect.name == "postgresql":
            views.update(inspector.get_materialized_view_names(schema))
    return visible(names | views, options), views


def reflect(connection: Connection, options: SqlOptions) -> tuple[DatasetInfo, ...]:
    """All visible tables (and views, if asked for), in a fixed number of catalog queries."""
    inspector: Inspector = inspect(connection)
    schema = options.schema_name
    chosen, view_names = visible_names(connection, inspector, options)
    ask: dict[str, Any] = {"schema": schema, "filter_names": chosen, "kind": ObjectKind.ANY}
    columns = _by_name(inspector.get_multi_columns(**ask))
    keys = _by_name(inspector.get_multi_pk_constraint(**ask))
    foreign = _by_name(inspector.get_multi_foreign_keys(**ask))
    constraints = _by_name(inspector.get_multi_unique_constraints(**ask))
    indexes = _by_name(inspector.get_multi_indexes(**ask))
    comments = _comments(inspector, ask)
    spelled = {name.lower(): name for name in chosen}
    primary = {name: tuple(keys[name]["constrained_columns"]) if name in keys else () for name in chosen}
    found = []
    for name in chosen:
        references = tuple(
            sorted(_references(foreign.get(name, ()), spelled, primary, schema), key=lambda each: each.columns)
        )
        unique = tuple(_unique(constraints.get(name, ()), indexes.get(name, ()), primary[name]))
        needed = {
            column
            for key in (primary[name], *unique, *(reference.columns for reference in references))
            for column in key
        }
        kinds, scales, rows = _looked_at(connection, name, columns[name], options)
        found.append(
            DatasetInfo(
                name,
                DatasetKind.TABLE,
                columns=tuple(_columns(columns[name], kinds, needed)),
                key=primary[name],
                unique=unique,
                references=references,
                comment=comments.get(name, ""),
                estimated_records=rows,
                options={"view": name in view_names, "scales": scales},
            )
        )
    return tuple(found)


def _by_name(reflected: Mapping[Any, Any]) -> dict[str, Any]:
    return {key[1]: value for key, value in reflected.items()}


def _comments(inspector: Inspector, ask: dict[str, Any]) -> dict[str, str]:
    try:
        return {
            name: value.get("text") or "" for name, value in _by_name(inspector.get_multi_table_comment(**ask)).items()
        }
    except NotImplementedError:  # SQLite has none
        return {}


def _references(
    foreign: Iterable[Any], spelled: Mapping[str, str], primary: Mapping[str, tuple[str, ...]], schema: str | None
) -> Iterable[Reference]:
    for key in foreign:
        target = spelled.get(key["referred_table"].lower())
        if target is None or (key.get("referred_schema") or schema) != schema:
            continue
        # SQLite allows REFERENCES without columns: the primary key is meant
        yield Reference(tuple(key["constrained_columns"]), target, tuple(key["referred_columns"]) or primary[target])


def _unique(constraints: Iterable[Any], indexes: Iterable[Any], primary: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = {tuple(constraint["column_names"]) for constraint in constraints}
    for index in indexes:
        partial = any(
            key.endswith("_where") and value is not None for key, value in index.get("dialect_options", {}).items()
        )
        if index.get("unique") and not partial and all(index["column_names"]):
            found.add(tuple(index["column_names"]))
    return sorted(found - {primary}, key=lambda key: (len(key), key))


def _looked_at(
    connection: Connection, name: str, reflected: Sequence[ReflectedColumn], options: SqlOptions
) -> tuple[dict[str, str], dict[str, int], int | None]:
    """The type of each column, the scales of the exact decimals among them, and the number of records."""
    if connection.dialect.name == "sqlite":
        kinds, rows = sqlite_types(connection, name, reflected)
        return kinds, {}, rows
    scales = {entry["name"]: scale for entry in reflected if (scale := _scale(entry["type"])) is not None}
    rows_estimated = _estimate(connection, name, options.schema_name)
    return {entry["name"]: data_type(entry["type"]) for entry in reflected}, scales, rows_estimated


def _columns(reflected: Iterable[ReflectedColumn], kinds: Mapping[str, str], needed: set[str]) -> Iterable[ColumnInfo]:
    """Binary columns are left out, unless a key needs them."""
    for entry in reflected:
        name, kind = entry["name"], kinds[entry["name"]]
        if kind != "binary" or name in needed:
            kind = "text" if kind == "binary" else kind
            yield ColumnInfo(name, kind, bool(entry.get("nullable", True)), entry.get("comment") or "")


def data_type(declared: types.TypeEngine[Any]) -> str:
    """Our name for a declared SQL type; "binary" where a value is bytes."""
    match declared:
        case types.Boolean():
            return "boolean"
        case types.Integer():
            return "integer"
        case types.Numeric(scale=0, precision=int(digits)) if digits <= 18:
            return "integer"
        case types.Numeric() | types.Float():
            return "number"
        case types.DateTime():
            return "datetime"
        case types.Date():
            return "date"
        case types.Time():
            return "time"
        case types.ARRAY():
            return "list"
        case types.LargeBinary() | types.BINARY() | types.VARBINARY():
            return "binary"
        case _:
            return "binary" if declared.__visit_name__ in ("BYTEA", "BIT") else "text"


def _scale(declared: types.TypeEngine[Any]) -> int | None:
    if isinstance(declared, types.Numeric) and not isinstance(declared, types.Float) and declared.scale:
        return int(declared.scale)
    return None


def _estimate(connection: Connection, name: str, schema: str | None) -> int | None:
    """The server's own estimate, else a count that gives up at a bound."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    if connection.dialect.name == "postgresql":
        known = connection.execute(
            text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)"),
            {"name": ".".join(quote(part) for part in (schema, name) if part)},
        ).scalar()
        if known is not None and known >= 0:
            return int(known)
    if connection.dialect.name in ("mysql", "mariadb"):
        known = connection.execute(
            text(
                "SELECT table_rows FROM information_schema.tables"
                " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name AND table_type = 'BASE TABLE'"
            ),
            {"schema": schema, "name": name},
        ).scalar()
        if known is not None and known > _COUNT_AT_MOST:
            return int(known)
    rows: Select[Any] = select(literal_column("1")).select_from(table_of(name, schema=schema)).limit(_COUNT_AT_MOST + 1)
    counted = connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
    return int(counted) if counted <= _COUNT_AT_MOST else None
