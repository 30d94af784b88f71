"""Counts over the whole graph, remembered until the graph changes."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore import schema as s
from graphstore.database import EDGE, VERTEX, Database
from graphstore.log import last_change
from graphstore.samples import count_served
from graphstore.values import clean_text

__all__ = ["Statistics", "common_type", "labels_in_use"]

T = TypeVar("T")

_SQLITE_TYPES = """
SELECT DISTINCT p.key AS name, CASE WHEN j.type = 'object' THEN (SELECT key FROM json_each(j.value)) ELSE j.type END AS type
FROM vertex, json_each(vertex.properties) p, json_each(p.value) j WHERE vertex.label = :label
"""
_PG_TYPES = """
SELECT DISTINCT p.key AS name, CASE jsonb_typeof(j.value) WHEN 'object' THEN (SELECT jsonb_object_keys(j.value))
WHEN 'number' THEN CASE WHEN (j.value #>> '{}') ~ '^-?[0-9]+$' THEN 'integer' ELSE 'real' END
ELSE jsonb_typeof(j.value) END AS type
FROM vertex, jsonb_each(vertex.properties::jsonb) p, jsonb_array_elements(p.value) AS j(value) WHERE vertex.label = :label
"""
_SQLITE_EDGE_TYPES = """
SELECT DISTINCT edge.label AS label, p.key AS name,
CASE WHEN j.type = 'object' THEN (SELECT key FROM json_each(j.value)) ELSE j.type END AS type
FROM edge, json_each(edge.properties) p, json_each(p.value) j WHERE edge.properties <> '{}'
"""
_PG_EDGE_TYPES = """
SELECT DISTINCT edge.label AS label, p.key AS name,
CASE jsonb_typeof(j.value) WHEN 'object' THEN (SELECT jsonb_object_keys(j.value))
WHEN 'number' THEN CASE WHEN (j.value #>> '{}') ~ '^-?[0-9]+$' THEN 'integer' ELSE 'real' END
ELSE jsonb_typeof(j.value) END AS type
FROM edge, jsonb_each(edge.properties::jsonb) p, jsonb_array_elements(p.value) AS j(value) WHERE edge.properties <> '{}'
"""
_TYPES = {
    "integer": "integer", "@int": "integer", "real": "number", "@float": "number", "@decimal": "number",
    "true": "boolean", "false": "boolean", "boolean": "boolean", "@date": "date", "@datetime": "datetime", "@time": "time",
}  # fmt: skip


class Statistics:
    """Label counts, edge patterns and property types of one store; computed again after the log has moved."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = threading.Lock()
        self._position = -1
        self._known: dict[Any, Any] = {}

    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        vertices, edges = self._remember("labels", self._count_labels)
        return dict(vertices), dict(edges)

    def edge_patterns(self) -> list[tuple[str, str, str, int]]:
        return list(self._remember("patterns", self._count_patterns))

    def served(self) -> dict[str, int]:
        return dict(self._remember("served", count_served))

    def property_types(self, label: str) -> dict[str, str]:
        return dict(self._remember(("types", label), lambda connection: self._types(connection, label)))

    def edge_property_types(self) -> dict[str, dict[str, str]]:
        return {label: dict(types) for label, types in self._remember("edge types", self._edge_types).items()}

    def _remember(self, key: Any, compute: Callable[[Connection], T]) -> T:
        with self._db.read() as connection:
            position = last_change(connection)
            with self._lock:
                if position != self._position:
                    self._position, self._known = position, {}
                elif key in self._known:
                    return self._known[key]  # type: ignore[no-any-return]
            found = compute(connection)
        with self._lock:
            if self._position == position:
                self._known[key] = found
        return found

    def _count_labels(self, connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
        names = self._db.label_names(connection)
        counts = []
        for table in (s.vertex, s.edge):
            rows = connection.execute(sa.select(table.c.label, sa.func.count()).group_by(table.c.label))
            counts.append(dict(sorted((names[label], count) for label, count in rows)))
        return counts[0], counts[1]

    def _count_patterns(self, connection: Connection) -> list[tuple[str, str, str, int]]:
        tail, head = s.vertex.alias("tail_vertex"), s.vertex.alias("head_vertex")
        key = (tail.c.label, s.edge.c.label, head.c.label)
        query = (
            sa.select(*(column.label(f"c{i}") for i, column in enumerate(key)), sa.func.count().label("n"))
            .select_from(s.edge)
            .join(tail, tail.c.id == s.edge.c.tail)
            .join(head, head.c.id == s.edge.c.head)
            .group_by(*key)
        )
        names = self._db.label_names(connection)
        return sorted((names[row.c0], names[row.c1], names[row.c2], row.n) for row in connection.execute(query))

    def _types(self, connection: Connection, label: str) -> dict[str, str]:
        id = self._db.find_label(connection, VERTEX, clean_text(label))
        text = sa.text(_SQLITE_TYPES if self._db.is_sqlite else _PG_TYPES)
        found: dict[str, set[str]] = {}
        for row in connection.execute(text, {"label": -1 if id is None else id}):
            found.setdefault(row.name, set()).add(row.type)
        return {name: common_type(types) for name, types in sorted(found.items())}

    def _edge_types(self, connection: Connection) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, set[str]]] = {}
        names = self._db.label_names(connection)
        for row in connection.execute(sa.text(_SQLITE_EDGE_TYPES if self._db.is_sqlite else _PG_EDGE_TYPES)):
            found.setdefault(names[row.label], {}).setdefault(row.name, set()).add(row.type)
        return {
            label: {name: common_type(types) for name, types in sorted(properties.items())}
            for label, properties in sorted(found.items())
        }


def labels_in_use(connection: Connection) -> tuple[list[str], list[str]]:
    """The labels that vertices and edges have now; one look into an index per label."""
    found = []
    for element, table in ((VERTEX, s.vertex), (EDGE, s.edge)):
        used = sa.exists().where(table.c.label == s.label.c.id)
        query = sa.select(s.label.c.name).where(s.label.c.element == element, used).order_by(s.label.c.name)
        found.append(list(connection.execute(query).scalars()))
    return found[0], found[1]


def common_type(json_types: set[str]) -> str:
    """The property type of values whose JSON types or tags these are; text where they differ."""
    types = {_TYPES.get(name, "text") for name in json_types}
    if types == {"integer", "number"}:
        return "number"
    return types.pop() if len(types) == 1 else "text"
