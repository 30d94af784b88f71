"""A graph as some readers see it: only the vertices, edges and properties that conditions let through.

SubgraphStrategy and PartitionStrategy use it, so that every step, nested ones included, sees the smaller graph.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from graphstore.gremlin.elements import Edge, Element, Graph, Property, Vertex, VertexProperty

__all__ = ["Condition", "RestrictedGraph"]

Condition = Callable[[Any], bool]


class RestrictedGraph:
    """Implements :class:`graphstore.gremlin.elements.Graph` over another graph.

    ``mark`` is (key, value) that every new element gets; ``mark_properties``: new vertex properties get it too, as a
    meta-property.
    """

    def __init__(
        self,
        base: Graph,
        *,
        vertices: Condition | None = None,
        edges: Condition | None = None,
        properties: Condition | None = None,
        check_ends: bool = True,
        mark: tuple[str, Any] | None = None,
        mark_properties: bool = False,
    ) -> None:
        self.base = base
        self.batched = getattr(base, "batched", False)
        self._vertices, self._edges, self._properties = vertices, edges, properties
        self._check_ends, self._mark, self._mark_properties = check_ends, mark, mark_properties
        self._known: dict[Any, bool] = {}

    # ---- what is seen ------------------------------------------------------------------------------------------------

    def vertex_ok(self, vertex: Vertex) -> bool:
        return self._vertices is None or self._vertices(vertex)

    def edge_ok(self, edge: Edge) -> bool:
        if self._edges is not None and not self._edges(edge):
            return False
        return (
            not self._check_ends or self._vertices is None or (self.vertex_ok(edge.tail) and self.vertex_ok(edge.head))
        )

    def visible(self, properties: Iterable[Any]) -> list[Any]:
        """Those of some properties that may be seen."""
        test = self._properties
        if test is None:
            return list(properties)
        return [p for p in properties if not isinstance(p, VertexProperty) or test(p)]

    # ---- reading -----------------------------------------------------------------------------------------------------

    def vertex(self, id: Any) -> Vertex | None:
        found = self.base.vertex(id)
        return found if found is not None and self.vertex_ok(found) else None

    def edge(self, id: Any) -> Edge | None:
        found = self.base.edge(id)
        return found if found is not None and self.edge_ok(found) else None

    def vertices(self) -> Iterator[Vertex]:
        return filter(self.vertex_ok, self.base.vertices())

    def edges(self) -> Iterator[Edge]:
        return filter(self.edge_ok, self.base.edges())

    def vertices_where(self, labels: Sequence[str] | None, key: str | None, value: Any) -> Iterator[Vertex] | None:
        found = self.base.vertices_where(labels, key, value)
        return None if found is None else filter(self.vertex_ok, found)

    def edges_where(self, labels: Sequence[str]) -> Iterator[Edge] | None:
        found = self.base.edges_where(labels)
        return None if found is None else filter(self.edge_ok, found)

    def edges_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Edge]]:
        found = self.base.edges_of(vertices, direction, labels)
        return [[edge for edge in edges if self.edge_ok(edge)] for edges in found]

    def vertices_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Vertex]]:
        ends: list[list[Vertex]] = [[] for _ in vertices]
        for one, far in (("OUT", "head"), ("IN", "tail")):
            if direction in (one, "BOTH"):
                for found, edges in zip(ends, self.base.edges_of(vertices, one, labels), strict=True):
                    for edge in edges:
                        end = getattr(edge, far)
                        if (self._edges is None or self._edges(edge)) and self.vertex_ok(end):
                            found.append(end)
        return ends

    # ---- writing -----------------------------------------------------------------------------------------------------

    def add_vertex(self, label: str, id: Any = None) -> Vertex:
        vertex = self.base.add_vertex(label, id)
        if self._mark is not None:
            self.base.set_vertex_property(vertex, *self._mark, None, {})
        return vertex

    def add_edge(self, label: str, tail: Vertex, head: Vertex, id: Any = None) -> Edge:
        edge = self.base.add_edge(label, tail, head, id)
        if self._mark is not None:
            self.base.set_property(edge, *self._mark)
        return edge

    def set_vertex_property(
        self, vertex: Vertex, key: str, value: Any, cardinality: str | None, meta: dict[str, Any], id: Any = None
    ) -> VertexProperty:
        if self._mark is not None and self._mark_properties:
            meta = {**meta, self._mark[0]: self._mark[1]}
        return self.base.set_vertex_property(vertex, key, value, cardinality, meta, id)

    def set_property(self, element: Edge | VertexProperty, key: str, value: Any) -> None:
        self.base.set_property(element, key, value)

    def remove(self, element: Element | Property) -> None:
        self.base.remove(element)
