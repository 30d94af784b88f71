"""A property graph in memory: for scratch graphs and as the reference of the engine's tests.

Every change can be taken back: :meth:`MemoryGraph.transaction` collects an undo log. Ids that users give are kept,
numbers compare by value, and a text that spells a known number finds it, as with TinkerGraph.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.elements import Edge, Element, Property, Vertex, VertexProperty
from graphstore.gremlin.numbers import Long
from graphstore.gremlin.ordering import dedup_key, equal

__all__ = ["MemoryGraph"]


class MemoryVertex(Vertex):
    __slots__ = ("_properties", "incoming", "outgoing")

    def __init__(self, id: Any, label: str) -> None:
        self.id, self.label = id, label
        self._properties: dict[str, list[VertexProperty]] = {}
        self.outgoing: dict[str, dict[Any, MemoryEdge]] = {}
        self.incoming: dict[str, dict[Any, MemoryEdge]] = {}

    @property
    def properties(self) -> dict[str, list[VertexProperty]]:
        return self._properties

    def edges(self, direction: str, labels: Sequence[str]) -> "list[MemoryEdge]":
        found: list[MemoryEdge] = []
        for side, wanted in ((self.outgoing, "OUT"), (self.incoming, "IN")):
            if direction in (wanted, "BOTH"):
                for label in labels or (side if len(side) < 2 else sorted(side)):
                    found.extend(side.get(label, {}).values())
        return found


class MemoryEdge(Edge):
    __slots__ = ("_head", "_properties", "_tail")

    def __init__(self, id: Any, label: str, tail: MemoryVertex, head: MemoryVertex) -> None:
        self.id, self.label = id, label
        self._tail, self._head = tail, head
        self._properties: dict[str, Any] = {}

    @property
    def tail(self) -> MemoryVertex:
        return self._tail

    @property
    def head(self) -> MemoryVertex:
        return self._head

    @property
    def properties(self) -> dict[str, Any]:
        return self._properties


Undo = Callable[[], Any]


class MemoryGraph:
    """Implements :class:`graphstore.gremlin.elements.Graph`. Not safe for concurrent writers: the engine serialises."""

    batched = False

    def __init__(self) -> None:
        self._vertices: dict[Any, MemoryVertex] = {}
        self._edges: dict[Any, MemoryEdge] = {}
        self._by_label: dict[str, dict[Any, MemoryVertex]] = {}
        self._edges_by_label: dict[str, dict[Any, MemoryEdge]] = {}
        self._by_value: dict[tuple[str, Any], dict[Any, MemoryVertex]] = {}
        self._next_id = 0
        self._undo: list[Undo] | None = None

    # ---- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[list[Undo]]:
        """Collects how to take back what happens inside; takes it back at once when an error leaves."""
        outer = self._undo
        log: list[Undo] = []
        self._undo = log
        try:
            yield log
        except BaseException:
            self._undo = None
            self.take_back(log)
            raise
        finally:
            self._undo = outer

    @staticmethod
    def take_back(log: list[Undo]) -> None:
        """Undoes the changes of a transaction, the latest first."""
        while log:
            log.pop()()

    def _can_undo(self, undo: Undo) -> None:
        if self._undo is not None:
            self._undo.append(undo)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def vertex(self, id: Any) -> MemoryVertex | None:
        found: MemoryVertex | None = self._find(self._vertices, id)
        return found

    def edge(self, id: Any) -> MemoryEdge | None:
        found: MemoryEdge | None = self._find(self._edges, id)
        return found

    @staticmethod
    def _find(elements: dict[Any, Any], id: Any) -> Any:
        try:
            found = elements.get(id)
        except TypeError:
            return None
        if found is None and isinstance(id, str) and id.isascii() and id.lstrip("-").isdigit():
            found = elements.get(int(id))
        return None if isinstance(id, bool) else found

    def vertices(self) -> Iterator[Vertex]:
        return iter(list(self._vertices.values()))

    def edges(self) -> Iterator[Edge]:
        return iter(list(self._edges.values()))

    def vertices_where(self, labels: Sequence[str] | None, key: str | None, value: Any) -> Iterator[Vertex] | None:
        if key is not None:
            try:
                found = self._by_value.get((key, dedup_key(value)), {})
            except TypeError:
                return None
            return iter(list(found.values()))
        if labels is None:
            return None
        return iter([v for label in dict.fromkeys(labels) for v in self._by_label.get(label, {}).values()])

    def edges_where(self, labels: Sequence[str]) -> Iterator[Edge] | None:
        return iter([e for label in dict.fromkeys(labels) for e in self._edges_by_label.get(label, {}).values()])

    def edges_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Edge]]:
        return [list(v.edges(direction, labels)) for v in vertices if isinstance(v, MemoryVertex)]

    def vertices_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Vertex]]:
        result: list[list[Vertex]] = []
        for vertex in vertices:
            assert isinstance(vertex, MemoryVertex)
            ends: list[Vertex] = []
            if direction != "IN":
                ends.extend(e.head for e in vertex.edges("OUT", labels))
            if direction != "OUT":
                ends.extend(e.tail for e in vertex.edges("IN", labels))
            result.append(ends)
        return result

    # ---- writing -----------------------------------------------------------------------------------------------------

    def _id(self, taken: dict[Any, Any], id: Any, kind: str) -> Any:
        if id is None:
            while self._next_id in taken:
                self._next_id += 1
            self._next_id += 1
            return Long(self._next_id - 1)
        if id in taken:
            raise QueryError(f"{kind} with id already exists: {id}", remedy="Use another id, or mergeV()/mergeE().")
        return id

    def add_vertex(self, label: str, id: Any = None) -> MemoryVertex:
        vertex = MemoryVertex(self._id(self._vertices, id, "Vertex"), label)
        self._put_vertex(vertex)
        self._can_undo(lambda: self._take_vertex(vertex))
        return vertex

    def _put_vertex(self, vertex: MemoryVertex) -> None:
        self._vertices[vertex.id] = vertex
        self._by_label.setdefault(vertex.label, {})[vertex.id] = vertex
        for values in vertex.properties.values():
            for value in values:
                self._index(vertex, value)

    def _take_vertex(self, vertex: MemoryVertex) -> None:
        del self._vertices[vertex.id]
        if not self._vertices:
            self._next_id = 0
        del self._by_label[vertex.label][vertex.id]
        for values in vertex.properties.values():
            for value in values:
                self._unindex(vertex, value)

    def _index(self, vertex: MemoryVertex, found: VertexProperty) -> None:
        self._by_value.setdefault((found.key, dedup_key(found.value)), {})[vertex.id] = vertex

    def _unindex(self, vertex: MemoryVertex, found: VertexProperty) -> None:
        self._by_value.get((found.key, dedup_key(found.value)), {}).pop(vertex.id, None)

    def add_edge(self, label: str, tail: Vertex, head: Vertex, id: Any = None) -> MemoryEdge:
        start, end = self.vertex(tail.id), self.vertex(head.id)
        if start is None or end is None:
            raise QueryError("An edge needs two vertices that exist.", remedy="Create the vertices first.")
        edge = MemoryEdge(self._id(self._edges, id, "Edge"), label, start, end)
        self._put_edge(edge)
        self._can_undo(lambda: self._take_edge(edge))
        return edge

    def _put_edge(self, edge: MemoryEdge) -> None:
        self._edges[edge.id] = edge
        self._edges_by_label.setdefault(edge.label, {})[edge.id] = edge
        edge.tail.outgoing.setdefault(edge.label, {})[edge.id] = edge
        edge.head.incoming.setdefault(edge.label, {})[edge.id] = edge

    def _take_edge(self, edge: MemoryEdge) -> None:
        del self._edges[edge.id]
        del self._edges_by_label[edge.label][edge.id]
        for side in (edge.tail.outgoing, edge.head.incoming):
            side[edge.label].pop(edge.id)
            if not side[edge.label]:
                del side[edge.label]

    def set_vertex_property(
        self, vertex: Vertex, key: str, value: Any, cardinality: str | None, meta: dict[str, Any], id: Any = None
    ) -> VertexProperty:
        own = self._own(vertex)
        before = own.properties.get(key, [])
        if cardinality == "set":
            for same in before:
                if equal(same.value, value):
                    for name, meta_value in meta.items():
                        self.set_property(same, name, meta_value)
                    return same
        self._next_id += 1
        made = VertexProperty(Long(self._next_id - 1) if id is None else id, key, value, own, dict(meta) or None)
        keeps = before if cardinality in ("list", "set") else []
        self._replace(own, key, [*keeps, made])
        return made

    def _own(self, vertex: Vertex) -> MemoryVertex:
        own = self.vertex(vertex.id)
        if own is None:
            raise QueryError(f"The vertex {vertex.id} does not exist any more.", remedy="Look it up again.")
        return own

    def _replace(self, vertex: MemoryVertex, key: str, values: list[VertexProperty]) -> None:
        before = vertex.properties.get(key, [])
        for old in before:
            self._unindex(vertex, old)
        if values:
            vertex.properties[key] = values
        else:
            vertex.properties.pop(key, None)
        for new in values:
            self._index(vertex, new)
        self._can_undo(lambda: self._replace(vertex, key, before))

    def set_property(self, element: Edge | VertexProperty, key: str, value: Any) -> None:
        values = element.own_meta() if isinstance(element, VertexProperty) else element.properties
        had, before = key in values, values.get(key)
        values[key] = value
        self._can_undo(lambda: values.__setitem__(key, before) if had else values.pop(key, None))

    def remove(self, element: Element | Property) -> None:
        if isinstance(element, Vertex):
            own = self.vertex(element.id)
            if own is not None:
                for edge in own.edges("BOTH", ()):
                    self.remove(edge)
                self._take_vertex(own)
                self._can_undo(lambda: self._put_vertex(own))
        elif isinstance(element, Edge):
            stored = self.edge(element.id)
            if stored is not None:
                self._take_edge(stored)
                self._can_undo(lambda: self._put_edge(stored))
        elif isinstance(element, VertexProperty):
            vertex = self.vertex(element.vertex.id)
            if vertex is not None:
                kept = [p for p in vertex.properties.get(element.key, []) if p is not element and p.id != element.id]
                self._replace(vertex, element.key, kept)
        elif isinstance(element, Property):
            owner = element.element
            values = owner.properties if isinstance(owner, Edge) else owner.meta or {}
            if element.key in values:
                before = values.pop(element.key)
                self._can_undo(lambda: values.__setitem__(element.key, before))
