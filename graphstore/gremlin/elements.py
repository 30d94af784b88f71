"""What traversals produce: graph elements, paths, trees and the collections that Gremlin tells apart.

``HashableList``, ``HashableDict`` and ``HashableSet`` are ordinary collections that may be keys of a Gremlin map.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = [
    "BulkSet",
    "Edge",
    "Element",
    "Entry",
    "Graph",
    "HashableDict",
    "HashableList",
    "HashableSet",
    "Metrics",
    "Path",
    "Property",
    "SubGraph",
    "TraversalMetrics",
    "Tree",
    "Vertex",
    "VertexProperty",
    "freeze",
    "keyed",
    "told_apart",
]


class Element:
    """A vertex, edge or vertex property. Equal when kind and id are."""

    __slots__ = ("id", "label")
    id: Any
    label: str

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Element) and self._kind() is other._kind() and self.id == other.id)

    def __hash__(self) -> int:
        return hash(self.id)

    def _kind(self) -> type:
        return Element


class Vertex(Element):
    """A vertex; implementations give its properties as lists of vertex properties by key, in insertion order."""

    __slots__ = ()

    def _kind(self) -> type:
        return Vertex

    @property
    @abstractmethod
    def properties(self) -> "dict[str, list[VertexProperty]]":
        """Key -> its vertex properties."""

    def values(self, key: str) -> Sequence[Any]:
        """The values of one property, in order."""
        return [p.value for p in self.properties.get(key, ())]

    def all_values(self) -> dict[str, list[Any]]:
        """Key -> values. Not to be changed."""
        return {key: [p.value for p in found] for key, found in self.properties.items()}

    def property_rows(self) -> Iterable[tuple[Any, str, Any, dict[str, Any] | None]]:
        """(id, key, value, stored meta-properties) of all vertex properties, for serializers."""
        return ((p.id, p.key, p.value, p.stored_meta) for found in self.properties.values() for p in found)

    def __repr__(self) -> str:
        return f"v[{self.id}]"


class Edge(Element):
    """An edge from ``tail`` to ``head``; properties are single-valued."""

    __slots__ = ()

    def _kind(self) -> type:
        return Edge

    @property
    @abstractmethod
    def tail(self) -> Vertex:
        """The vertex it leaves (outV)."""

    @property
    @abstractmethod
    def head(self) -> Vertex:
        """The vertex it enters (inV)."""

    @property
    @abstractmethod
    def properties(self) -> dict[str, Any]:
        """Key -> value."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where it came from: hidden keys, which begin with ~, and their values. Found by key, never listed."""
        return {}

    def holding(self, key: str) -> Mapping[str, Any]:
        """The properties, or if the key is a hidden one that no property has, the hidden ones."""
        found = self.properties
        return self.provenance if key[:1] == "~" and key not in found else found

    def __repr__(self) -> str:
        return f"e[{self.id}][{self.tail.id}-{self.label}->{self.head.id}]"


class VertexProperty(Element):
    """One value of a vertex's property, with its meta-properties."""

    __slots__ = ("_meta", "value", "vertex")

    def __init__(self, id: Any, key: str, value: Any, vertex: Vertex, meta: dict[str, Any] | None = None) -> None:
        self.id, self.label, self.value, self.vertex = id, key, value, vertex
        self._meta = meta

    @property
    def meta(self) -> dict[str, Any] | None:
        """Meta-properties, the first value of each; None where there are none."""
        return self._meta

    @property
    def all_meta(self) -> Mapping[str, Sequence[Any]]:
        """Meta-properties with all their values: several where several sources gave the same value."""
        return {name: (value,) for name, value in (self._meta or {}).items()}

    def own_meta(self) -> dict[str, Any]:
        """Meta-properties as a dict that may be changed."""
        if self._meta is None:
            self._meta = {}
        return self._meta

    @property
    def key(self) -> str:
        return self.label

    @property
    def stored_meta(self) -> dict[str, Any] | None:
        """The meta-properties that travel with a whole vertex; others are shown when the property itself is asked for."""
        return self.meta

    def _kind(self) -> type:
        return VertexProperty

    __eq__ = Element.__eq__
    __hash__ = Element.__hash__

    def __repr__(self) -> str:
        return f"vp[{self.label}->{str(self.value)[:20]}]"


class Property:
    """A property of an edge, or a meta-property of a vertex property. Equal when key and value are."""

    __slots__ = ("element", "key", "value")

    def __init__(self, key: str, value: Any, element: Edge | VertexProperty) -> None:
        self.key, self.value, self.element = key, value, element

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Property) and (self.key, self.value) == (other.key, other.value)

    def __hash__(self) -> int:
        return hash((self.key, freeze(self.value)))

    def __repr__(self) -> str:
        return f"p[{self.key}->{self.value}]"


class Path:
    """The objects a traverser went through, each with its labels."""

    __slots__ = ("labels", "objects")

    def __init__(self, labels: list[tuple[str, ...]], objects: list[Any]) -> None:
        self.labels, self.objects = labels, objects

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.objects == other.objects and self.labels == other.labels

    def __hash__(self) -> int:
        return hash(tuple(freeze(o) for o in self.objects))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def __repr__(self) -> str:
        return f"path{self.objects}"


class Entry:
    """An entry of a map, as unfold() gives it."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self.key == other.key and self.value == other.value

    def __hash__(self) -> int:
        return hash((freeze(self.key), freeze(self.value)))

    def __repr__(self) -> str:
        return f"{self.key}={self.value}"


class BulkSet(list[Any]):
    """What aggregate() collects: a multiset in order of arrival."""


class Tree(dict[Any, Any]):
    """What tree() gives: object -> subtree."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(freeze(k) for k in self))


class SubGraph:
    """What subgraph() collects: edges and their vertices, by id, in order of arrival."""

    __slots__ = ("edges", "vertices")

    def __init__(self) -> None:
        self.vertices: dict[Any, Vertex] = {}
        self.edges: dict[Any, Edge] = {}

    def add(self, edge: Edge) -> None:
        self.edges[edge.id] = edge
        for vertex in (edge.tail, edge.head):
            self.vertices.setdefault(vertex.id, vertex)

    def __repr__(self) -> str:
        return f"tinkergraph[vertices:{len(self.vertices)} edges:{len(self.edges)}]"


class Metrics(dict[str, Any]):
    """What one step of a profiled traversal did: id, name, dur (ms), counts, annotations."""


class TraversalMetrics(dict[str, Any]):
    """What profile() gives: dur (ms) and the metrics of the steps."""


class HashableList(list[Any]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))


class HashableSet(set[Any]):
    """Keeps the order of arrival. Not to be changed once made."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._order = list(dict.fromkeys(values))
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))


class HashableDict(dict[Any, Any]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset((k, freeze(v)) for k, v in self.items()))


@dataclass(frozen=True, slots=True)
class BooleanKey:
    """A boolean among the keys of a map, equal to booleans' keys alone: in Python ``True`` is also ``1``."""

    value: bool


class MixedKeys(HashableDict):
    """A map with booleans and numbers among its keys. It holds :class:`BooleanKey`s, and shows booleans."""

    def items(self) -> Any:
        return [(_shown(key), value) for key, value in super().items()]

    def keys(self) -> Any:
        return [_shown(key) for key in self]


def _shown(key: Any) -> Any:
    return key.value if type(key) is BooleanKey else key


def told_apart(key: Any) -> Any:
    """A key that is equal to no number if it is a boolean."""
    return BooleanKey(key) if type(key) is bool else key


def keyed(pairs: Iterable[tuple[Any, Any]]) -> HashableDict:
    """A map of keys that can be in one and their values; ``true`` and ``1`` are two keys of it."""
    pairs = [(_shown(key), value) for key, value in pairs]
    found = HashableDict(pairs)
    return found if len(found) == len(pairs) else MixedKeys((told_apart(key), value) for key, value in pairs)


def freeze(value: Any) -> Any:
    """The value as something that may be the key of a dict; it stays equal to what it was."""
    if isinstance(value, (list, tuple)):
        return HashableList(freeze(v) for v in value)
    if isinstance(value, Tree):
        return value
    if isinstance(value, dict):
        return HashableDict((k, freeze(v)) for k, v in value.items())
    if isinstance(value, (set, frozenset)):
        return HashableSet(value)
    return value


class Graph(Protocol):
    """The narrow port of the engine to a graph. Handles are elements of that graph.

    ``vertices_of`` and ``edges_of`` answer for many vertices at once, in their order, so that a store needs one
    statement per level. Writes raise ``PermissionDeniedError`` where the graph is read-only.
    """

    def vertex(self, id: Any) -> Vertex | None: ...
    def edge(self, id: Any) -> Edge | None: ...
    def vertices(self) -> Iterator[Vertex]: ...
    def edges(self) -> Iterator[Edge]: ...
    def vertices_where(self, labels: Sequence[str] | None, key: str | None, value: Any) -> Iterator[Vertex] | None:
        """Vertices with one of the labels and (if ``key``) that value, by an index; None where there is no index."""

    def edges_where(self, labels: Sequence[str]) -> Iterator[Edge] | None: ...
    def edges_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Edge]]:
        """Direction is OUT, IN or BOTH (out edges first, a loop twice). No labels means all."""

    def vertices_of(
        self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]
    ) -> Sequence[Sequence[Vertex]]: ...

    def add_vertex(self, label: str, id: Any = None) -> Vertex: ...
    def add_edge(self, label: str, tail: Vertex, head: Vertex, id: Any = None) -> Edge: ...
    def set_vertex_property(
        self, vertex: Vertex, key: str, value: Any, cardinality: str | None, meta: dict[str, Any], id: Any = None
    ) -> VertexProperty: ...
    def set_property(self, element: Edge | VertexProperty, key: str, value: Any) -> None: ...
    def remove(self, element: "Element | Property") -> None: ...


Getter = Callable[[Any], Any]
