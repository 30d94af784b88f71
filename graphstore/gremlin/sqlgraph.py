"""The served tables as a graph: one statement per level, plain DB-API rows, elements decoded when asked for.

Changes become edits of the built-in source "edits" through :class:`GraphWriter`.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, time
from operator import attrgetter
from typing import Any

from sqlalchemy.engine import Connection

from bifrost.errors import PermissionDeniedError, QueryError
from graphstore.database import EDGE, PROPERTY, VERTEX, Database
from graphstore.gremlin.elements import Edge, Element, Property, Vertex, VertexProperty
from graphstore.gremlin.ordering import moment
from graphstore.gremlin.sqlelements import SqlEdge, SqlVertex, SqlVertexProperty
from graphstore.gremlin.sqlprovenance import SqlProvenance
from graphstore.gremlin.sqlwrites import Assigned, GraphWriter, check_meta, folded, notes_in, values_of, with_value
from graphstore.values import clean_text, equal_values, value_hash

__all__ = ["SqlGraph"]

_VERTEX = "v.id, v.uid, v.label, v.properties, v.meta"
_EDGE = "e.id, e.uid, e.label, e.tail, e.head, e.properties"
_PAGE = 2_000


class SqlGraph(SqlProvenance):
    """Implements :class:`graphstore.gremlin.elements.Graph`."""

    batched = True

    def __init__(self, database: Database, connection: Connection | None, writer: GraphWriter | None = None) -> None:
        super().__init__(database, connection)
        self._writer = writer
        self._known: dict[int, SqlVertex] = {}

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def _vertex(self, row: Sequence[Any]) -> SqlVertex:
        number = row[0]
        known = self._known.get(number)
        if known is None:
            known = SqlVertex(self, number, row[1], self.name(row[2]), row[3], row[4])
            if len(self._known) < 200_000:
                self._known[number] = known
        return known

    def vertex(self, id: Any) -> Vertex | None:
        """By the uid of the vertex, or of any fragment merged into it."""
        if not isinstance(id, str):
            return None
        uid = clean_text(id)
        rows = self.rows(f"SELECT {_VERTEX} FROM vertex v WHERE v.uid = ?", uid)
        if not rows:
            rows = self.rows(
                f"SELECT {_VERTEX} FROM fragment f JOIN vertex v ON v.id = f.canonical WHERE f.uid = ?", uid
            )
        return self._vertex(rows[0]) if rows else None

    def by_number(self, number: int) -> Vertex:
        found = self._known.get(number)
        if found is None:
            rows = self.rows(f"SELECT {_VERTEX} FROM vertex v WHERE v.id = ?", number)
            if not rows:
                raise QueryError("A vertex vanished while the query ran.", remedy="Run the query again.")
            found = self._vertex(rows[0])
        return found

    def load(self, numbers: Iterable[int]) -> None:
        """Fetches those of some vertices that are not at hand yet, in one statement."""
        missing = [n for n in dict.fromkeys(numbers) if n not in self._known]
        for start in range(0, len(missing), _PAGE):
            where, parameter = self._among("v.id", missing[start : start + _PAGE])
            rows = self.rows(f"SELECT {_VERTEX} FROM vertex v WHERE {where}", parameter)
            self._noted(rows)

    def vertices(self) -> Iterator[Vertex]:
        return self._paged(f"SELECT {_VERTEX} FROM vertex v WHERE v.id > ?", "v.id", self._noted)

    def _noted(self, rows: list[Any]) -> list[SqlVertex]:
        """The vertices of some rows, noted as found together."""
        self._vertices_found.append([row[0] for row in rows])
        return [self._vertex(row) for row in rows]

    def _paged(
        self, text: str, key: str, make: Callable[[list[Any]], Iterable[Any]], *parameters: Any, share: int = 1
    ) -> Iterator[Any]:
        """Rows page by page along a key, so that no cursor stays open. The first pages are smaller where this is one of
        ``share`` lists that are read side by side."""
        last, size = -(2**62), max(_PAGE // share, 1)
        while True:
            rows = self.rows(f"{text} ORDER BY {key} LIMIT {size}", last, *parameters)
            yield from make(rows)
            if len(rows) < size:
                return
            last, size = rows[-1][0], min(2 * size, _PAGE)

    def _of_labels(
        self, text: str, table: str, labels: Sequence[int], make: Callable[[list[Any]], Iterable[Any]]
    ) -> Iterator[Any]:
        """Pages of elements of some labels, in the order of their numbers. PostgreSQL is told the order of the index of labels,
        see :func:`graphstore.cursors.by_id`, one label at a time."""
        if not self._db.is_sqlite:
            where = f"WHERE ({table}.label, {table}.id) > ({{}}, ?) AND {table}.label <= ?"
            labels = list(dict.fromkeys(labels))
            order, share = f"{table}.label, {table}.id", len(labels)
            each = [self._paged(f"{text} {where.format(label)}", order, make, label, share=share) for label in labels]
            return each[0] if share == 1 else heapq.merge(*each, key=attrgetter("number"))
        where, parameter = self._among(f"{table}.label", labels)
        return self._paged(f"{text} WHERE {table}.id > ? AND {where}", f"{table}.id", make, parameter)

    def vertices_where(self, labels: Sequence[str] | None, key: str | None, value: Any) -> Iterator[Vertex] | None:
        if key is not None:
            try:
                hashes = list(dict.fromkeys(value_hash(one) for one in _spellings(value)))
            except (TypeError, OverflowError):
                return None
            keys = self.label_numbers(PROPERTY, [key])
            if not keys:
                return iter(())
            where, parameter = self._among("x.hash", hashes)
            rows = self.rows(
                f"SELECT {_VERTEX} FROM vertex_value x JOIN vertex v ON v.id = x.vertex "
                f"WHERE x.key = ? AND {where} ORDER BY v.id",
                keys[0],
                parameter,
            )
            if len(hashes) > 1:
                rows = list(dict.fromkeys(map(tuple, rows)))  # one vertex may have the value in two ways
            return iter(self._noted(rows))
        if labels is None:
            return None
        numbers = self.label_numbers(VERTEX, labels)
        if not numbers:
            return iter(())
        return self._of_labels(f"SELECT {_VERTEX} FROM vertex v", "v", numbers, self._noted)

    # ---- edges -------------------------------------------------------------------------------------------------------

    def _edge(self, row: Sequence[Any]) -> SqlEdge:
        return SqlEdge(self, row, self.name(row[2]))

    def _edges(self, rows: list[Any]) -> list[SqlEdge]:
        self._edges_found.append([row[0] for row in rows])
        return [self._edge(row) for row in rows]

    def edge(self, id: Any) -> Edge | None:
        if not isinstance(id, str):
            return None
        rows = self.rows(f"SELECT {_EDGE} FROM link l JOIN edge e ON e.id = l.id WHERE l.uid = ?", clean_text(id))
        return self._edge(rows[0]) if rows else None

    def edges(self) -> Iterator[Edge]:
        return self._with_ends(self._paged(f"SELECT {_EDGE} FROM edge e WHERE e.id > ?", "e.id", self._edges))

    def edges_where(self, labels: Sequence[str]) -> Iterator[Edge] | None:
        numbers = self.label_numbers(EDGE, labels)
        if not numbers:
            return iter(())
        return self._with_ends(self._of_labels(f"SELECT {_EDGE} FROM edge e", "e", numbers, self._edges))

    def _with_ends(self, edges: Iterator[SqlEdge]) -> Iterator[Edge]:
        """Edges whose ends are fetched together, some hundred at a time."""
        chunk: list[SqlEdge] = []
        for edge in edges:
            chunk.append(edge)
            if len(chunk) >= 500:
                self.load(n for e in chunk for n in (e.tail_number, e.head_number))
                yield from chunk
                chunk = []
        self.load(n for e in chunk for n in (e.tail_number, e.head_number))
        yield from chunk

    def _at(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[tuple[Any, bool]]]:
        """For each vertex its edge rows, each with whether the vertex is the tail."""
        numbers = [v.number if isinstance(v, SqlVertex) else self._number(v) for v in vertices]
        wanted = self.label_numbers(EDGE, labels)
        found: dict[int, list[tuple[Any, bool]]] = {number: [] for number in numbers}
        if labels and not wanted:
            return [[] for _ in vertices]
        for side, column, position in (("OUT", "e.tail", 3), ("IN", "e.head", 4)):
            if direction not in (side, "BOTH"):
                continue
            where, parameter = self._among(column, list(found))
            parameters = [parameter]
            if wanted:
                by_label, label_parameter = self._among("e.label", wanted)
                where += f" AND {by_label}"
                parameters.append(label_parameter)
            for row in self.rows(f"SELECT {_EDGE} FROM edge e WHERE {where} ORDER BY e.id", *parameters):
                found[row[position]].append((row, side == "OUT"))
        return [found[number] for number in numbers]

    def _number(self, vertex: Vertex) -> int:
        found = self.vertex(vertex.id)
        return found.number if isinstance(found, SqlVertex) else -1

    def edges_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Edge]]:
        return [[*self._edges([row for row, _ in rows])] for rows in self._at(vertices, direction, labels)]

    def vertices_of(
        self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]
    ) -> Sequence[Sequence[Vertex]]:
        found = self._at(vertices, direction, labels)
        self.load(row[4] if out else row[3] for rows in found for row, out in rows)
        return [[self.by_number(row[4] if out else row[3]) for row, out in rows] for rows in found]

    def _noted_values(self, vertex: Vertex, key: str) -> list[tuple[Any, Mapping[str, Any]]]:
        own = vertex if isinstance(vertex, SqlVertex) else self.vertex(vertex.id)
        assert isinstance(own, SqlVertex)
        return [(value, self.notes_of(own, key, value)) for value in own.values(key)]

    # ---- writing -----------------------------------------------------------------------------------------------------

    def _write(self) -> GraphWriter:
        if self._writer is None:
            raise PermissionDeniedError("This graph is read-only.", remedy="Leave the writing steps out.")
        return self._writer

    def _forget(self, number: int) -> None:
        self._known.pop(number, None)
        self._origins.forget(number)

    def add_vertex(self, label: str, id: Any = None) -> Vertex:
        return self.create_vertex(label, [], id)

    def create_vertex(self, label: str, values: Iterable[Assigned], id: Any = None) -> Vertex:
        """A vertex with its properties, as one edit."""
        said = folded(values)
        found = self.vertex(self._write().add_vertex(label, values_of(said), notes_in(said), id))
        assert found is not None
        return found

    def create_edge(self, label: str, tail: Vertex, head: Vertex, values: Iterable[Assigned], id: Any = None) -> Edge:
        """An edge with its properties, as one edit."""
        found = self.edge(self._write().add_edge(label, tail.id, head.id, values_of(folded(values)), id))
        assert found is not None
        return found

    def add_edge(self, label: str, tail: Vertex, head: Vertex, id: Any = None) -> Edge:
        return self.create_edge(label, tail, head, [], id)

    def set_vertex_property(
        self, vertex: Vertex, key: str, value: Any, cardinality: str | None, meta: dict[str, Any], id: Any = None
    ) -> VertexProperty:
        before = self._noted_values(vertex, key) if cardinality in ("list", "set") else []
        pairs = with_value(before, value, cardinality, meta)
        self._write().set_vertex(vertex.id, key, [v for v, _ in pairs], notes_in({key: pairs}))
        changed = self._renewed(vertex)
        return next(p for p in changed.properties[key] if equal_values(p.value, value))

    def _renewed(self, vertex: Vertex) -> Vertex:
        """Reads a vertex again and lets the handle in use show what is stored now."""
        if isinstance(vertex, SqlVertex):
            self._forget(vertex.number)
        fresh = self.vertex(vertex.id)
        if isinstance(vertex, SqlVertex) and isinstance(fresh, SqlVertex):
            vertex._text, vertex._values, vertex._properties = fresh._text, None, None
            return vertex
        assert fresh is not None
        return fresh

    def set_property(self, element: Edge | VertexProperty, key: str, value: Any) -> None:
        if isinstance(element, VertexProperty):
            check_meta((key,))
            self._annotate(element, lambda about: {**about, key: value})
            return
        self._write().set_edge(element.id, key, [value])
        element.properties[key] = value

    def remove(self, element: Element | Property) -> None:
        writer = self._write()
        if isinstance(element, Vertex):
            if self.vertex(element.id) is not None:
                writer.remove_vertex(element.id)
                if isinstance(element, SqlVertex):
                    self._forget(element.number)
        elif isinstance(element, Edge):
            if self.edge(element.id) is not None:
                writer.remove_edge(element.id)
        elif isinstance(element, VertexProperty):
            vertex = element.vertex
            kept = [(v, a) for v, a in self._noted_values(vertex, element.key) if not equal_values(v, element.value)]
            writer.set_vertex(vertex.id, element.key, [v for v, _ in kept], notes_in({element.key: kept}))
            self._renewed(vertex)
        elif isinstance(element, Property):
            owner = element.element
            if isinstance(owner, VertexProperty):
                check_meta((element.key,))
                gone = element.key
                self._annotate(owner, lambda about: {name: one for name, one in about.items() if name != gone})
                return
            if not isinstance(owner, Edge):
                raise QueryError(f"A property of {type(owner).__name__} cannot be removed.")
            writer.set_edge(owner.id, element.key, [])
            owner.properties.pop(element.key, None)

    def _annotate(self, found: VertexProperty, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Changes what people noted beside a value; the value and where it came from stay."""
        pairs = [
            (value, change(about) if equal_values(value, found.value) else about)
            for value, about in self._noted_values(found.vertex, found.key)
        ]
        self._write().note_vertex(found.vertex.id, {found.key: pairs})
        self._renewed(found.vertex)
        if isinstance(found, SqlVertexProperty):
            found.forget_meta()


def _spellings(value: Any) -> list[Any]:
    """The values of the store that Gremlin calls equal to one: a day is its first moment, no zone is UTC."""
    if not isinstance(value, date):
        return [value]
    same = moment(value).astimezone(UTC)
    days = [same.date()] if same.time() == time() else []
    return [same, same.replace(tzinfo=None), *days]
