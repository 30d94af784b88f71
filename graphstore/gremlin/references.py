"""Elements without their properties: as clients name them, and as ReferenceElementStrategy answers them."""

from collections.abc import Mapping
from typing import Any

from graphstore.gremlin.elements import (
    BulkSet,
    Edge,
    Entry,
    HashableDict,
    HashableSet,
    Path,
    Property,
    SubGraph,
    Tree,
    Vertex,
    VertexProperty,
)

__all__ = ["EdgeReference", "VertexReference", "referenced"]


class VertexReference(Vertex):
    """A vertex by id and label."""

    __slots__ = ()

    def __init__(self, id: Any, label: str = "vertex") -> None:
        self.id, self.label = id, label

    @property
    def properties(self) -> dict[str, list[VertexProperty]]:
        return {}


class EdgeReference(Edge):
    """An edge by id and label, with its ends where they are known."""

    __slots__ = ("_head", "_tail")

    def __init__(self, id: Any, label: str = "edge", tail: Vertex | None = None, head: Vertex | None = None) -> None:
        self.id, self.label = id, label
        self._tail, self._head = tail or VertexReference(None), head or VertexReference(None)

    @property
    def tail(self) -> Vertex:
        return self._tail

    @property
    def head(self) -> Vertex:
        return self._head

    @property
    def properties(self) -> dict[str, Any]:
        return {}


def referenced(value: Any) -> Any:
    """A result with references in place of its elements, those in collections and paths included."""
    if isinstance(value, Vertex):
        return VertexReference(value.id, value.label)
    if isinstance(value, Edge):
        return EdgeReference(value.id, value.label, referenced(value.tail), referenced(value.head))
    if isinstance(value, VertexProperty):
        return VertexProperty(value.id, value.key, value.value, VertexReference(value.vertex.id, value.vertex.label))
    if isinstance(value, Property):
        return Property(value.key, value.value, referenced(value.element))
    if isinstance(value, Path):
        return Path(value.labels, [referenced(one) for one in value.objects])
    if isinstance(value, Entry):
        return Entry(referenced(value.key), referenced(value.value))
    if isinstance(value, SubGraph):
        graph = SubGraph()
        for vertex in value.vertices.values():
            graph.vertices[vertex.id] = referenced(vertex)
        for edge in value.edges.values():
            graph.add(referenced(edge))
        return graph
    if isinstance(value, Tree):
        found = Tree()
        found.update((referenced(key), referenced(below)) for key, below in value.items())
        return found
    if isinstance(value, Mapping):
        return HashableDict((referenced(key), referenced(one)) for key, one in value.items())
    if isinstance(value, (set, frozenset)):
        return HashableSet(map(referenced, value))
    if isinstance(value, (list, tuple)):
        return (BulkSet if isinstance(value, BulkSet) else list)(map(referenced, value))
    return value
