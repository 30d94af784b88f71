"""What exports read: batches of vertices and edges of one moment, and what properties there are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_value
from bifrost.values import Value
from graphstore import schema as s
from graphstore.database import Database
from graphstore.rdf import RdfMapping
from graphstore.statistics import common_type

__all__ = ["Element", "PropertyShape", "Snapshot", "open_snapshot"]

_BATCH = 2_000
_SHAPES = {
    True: """
SELECT e.label AS label, p.key AS name,
  CASE WHEN j.type = 'object' THEN (SELECT key FROM json_each(j.value)) ELSE j.type END AS type,
  max(json_array_length(p.value)) AS n
FROM {table} e, json_each(e.properties) p, json_each(p.value) j WHERE e.properties <> '{{}}' GROUP BY 1, 2, 3
""",
    False: """
SELECT e.label AS label, p.key AS name, CASE jsonb_typeof(j.value) WHEN 'object' THEN (SELECT jsonb_object_keys(j.value))
  WHEN 'number' THEN CASE WHEN (j.value #>> '{{}}') ~ '^-?[0-9]+$' THEN 'integer' ELSE 'real' END
  ELSE jsonb_typeof(j.value) END AS type, max(jsonb_array_length(p.value)) AS n
FROM {table} e, jsonb_each(e.properties::jsonb) p, jsonb_array_elements(p.value) AS j(value)
WHERE e.properties <> '{{}}' GROUP BY 1, 2, 3
""",
}


@dataclass(frozen=True, slots=True)
class Element:
    """A vertex, or an edge when ``tail`` and ``head`` are set. ``key`` is its row id."""

    key: int
    id: str
    label: str
    properties: dict[str, list[Value]]
    tail: str = ""
    head: str = ""
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class PropertyShape:
    """``type`` as in GraphView.property_types; ``several``: whether some element has more than one value."""

    type: str
    several: bool


@dataclass
class Snapshot:
    """One moment of the graph."""

    database: Database
    connection: Connection
    rdf: RdfMapping
    names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = dict(self.database.label_names(self.connection))

    def vertex_batches(self) -> Iterator[list[Element]]:
        for rows in self._batches(sa.select(s.vertex), s.vertex.c.id):
            yield [Element(r.id, r.uid, self.names[r.label], _decoded(r.properties)) for r in rows]

    def edge_batches(self) -> Iterator[list[Element]]:
        for rows in self._batches(self._edges(), s.edge.c.id):
            yield [self._edge(row) for row in rows]

    def labels(self) -> tuple[list[str], list[str]]:
        """The labels that vertices and edges have."""
        found = []
        for table in (s.vertex, s.edge):
            rows = self.connection.execute(sa.select(table.c.label).distinct()).scalars()
            found.append(sorted(self.names[label] for label in rows))
        return found[0], found[1]

    def edges_at(self, vertices: Sequence[Element], end: str) -> dict[int, list[Element]]:
        """The edges whose ``end`` (tail or head) is one of the vertices, by the vertex's key."""
        found: dict[int, list[Element]] = {}
        column = s.edge.c[end]
        query = self._edges().add_columns(column.label("at")).order_by(s.edge.c.id)
        for row in self.connection.execute(query.where(self.database.within(column, [v.key for v in vertices]))):
            found.setdefault(row.at, []).append(self._edge(row))
        return found

    def shapes(self, table: str) -> dict[str, dict[str, PropertyShape]]:
        """label -> property -> shape, of table vertex or edge; labels without properties included."""
        types: dict[str, dict[str, set[str]]] = {}
        several: set[tuple[str, str]] = set()
        labels = sa.select(s.metadata.tables[table].c.label).distinct()
        for label in self.connection.execute(labels).scalars():
            types[self.names[label]] = {}
        for row in self.connection.execute(sa.text(_SHAPES[self.database.is_sqlite].format(table=table))):
            label = self.names[row.label]
            types[label].setdefault(row.name, set()).add(row.type)
            if row.n > 1:
                several.add((label, row.name))
        return {
            label: {
                name: PropertyShape(common_type(kinds), (label, name) in several) for name, kinds in sorted(of.items())
            }
            for label, of in sorted(types.items())
        }

    def _batches(self, query: Any, key: Any) -> Iterator[Sequence[Any]]:
        last = 0
        while rows := self.connection.execute(query.where(key > last).order_by(key).limit(_BATCH)).all():
            yield rows
            last = rows[-1].id

    def _edges(self) -> Any:
        tail, head = s.vertex.alias("tail_vertex"), s.vertex.alias("head_vertex")
        return (
            sa.select(s.edge, tail.c.uid.label("tail_uid"), head.c.uid.label("head_uid"))
            .join(tail, tail.c.id == s.edge.c.tail)
            .join(head, head.c.id == s.edge.c.head)
        )

    def _edge(self, row: Any) -> Element:
        label, properties = self.names[row.label], _decoded(row.properties)
        return Element(row.id, row.uid, label, properties, row.tail_uid, row.head_uid, row.score)


@contextmanager
def open_snapshot(database: Database, base: str) -> Iterator[Snapshot]:
    """Reads of one moment, on a connection of their own."""
    with database.snapshot() as connection:
        yield Snapshot(database, connection, RdfMapping(database, base))


def _decoded(properties: str) -> dict[str, list[Value]]:
    if properties == "{}":
        return {}
    return {name: [decode_value(value) for value in values] for name, values in orjson.loads(properties).items()}
