"""Elements of the served tables: properties are decoded when they are asked for, meta-properties when they are."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from bifrost.codec import decode_value
from graphstore.gremlin.elements import Edge, Vertex, VertexProperty

if TYPE_CHECKING:
    from graphstore.gremlin.sqlgraph import SqlGraph

__all__ = ["SCORE", "SqlEdge", "SqlVertex", "SqlVertexProperty", "decoded"]


SCORE = "~score"
"""The hidden key of how sure an edge is."""


def decoded(text: str | bytes | bytearray) -> dict[str, list[Any]]:
    """A ``properties`` column: name -> values."""
    found: dict[str, list[Any]] = orjson.loads(text)
    if (text.find("{", 1) if isinstance(text, str) else text.find(b"{", 1)) < 0:
        return found  # no value is tagged with its type
    for values in found.values():
        for index, value in enumerate(values):
            if type(value) is dict:
                values[index] = decode_value(value)
    return found


class SqlVertex(Vertex):
    __slots__ = ("_graph", "_properties", "_text", "_values", "meta_text", "number")

    def __init__(self, graph: "SqlGraph", number: int, uid: str, label: str, text: str, meta_text: str | None) -> None:
        self._graph = graph
        self.number, self.id, self.label = number, uid, label
        self._text, self.meta_text = text, meta_text
        self._values: dict[str, list[Any]] | None = None
        self._properties: dict[str, list[VertexProperty]] | None = None

    def all_values(self) -> dict[str, list[Any]]:
        if self._values is None:
            self._values = decoded(self._text)
        return self._values

    def values(self, key: str) -> Sequence[Any]:
        return self.all_values().get(key, ())

    @property
    def properties(self) -> dict[str, list[VertexProperty]]:
        if self._properties is None:
            self._properties = {
                key: [SqlVertexProperty(self, key, value, index) for index, value in enumerate(values)]
                for key, values in self.all_values().items()
            }
        return self._properties

    def property_rows(self) -> list[tuple[Any, str, Any, dict[str, Any] | None]]:
        return [
            (f"{self.id}#{key}/{index}", key, value, None)
            for key, values in self.all_values().items()
            for index, value in enumerate(values)
        ]

    def meta(self, key: str, value: Any) -> dict[str, list[Any]]:
        """Meta-properties of one value: what people set, and where it came from; several where several gave it."""
        return self._graph.meta_of(self, key, value)


class SqlVertexProperty(VertexProperty):
    """Its id is made of the vertex's id, the key and the position. ``stored_meta`` is empty: provenance is derived."""

    __slots__ = ("_all_meta",)

    def __init__(self, vertex: SqlVertex, key: str, value: Any, index: int) -> None:
        super().__init__(f"{vertex.id}#{key}/{index}", key, value, vertex)
        self._all_meta: dict[str, list[Any]] | None = None

    @property
    def all_meta(self) -> Mapping[str, Sequence[Any]]:
        if self._all_meta is None:
            assert isinstance(self.vertex, SqlVertex)
            self._all_meta = self.vertex.meta(self.label, self.value)
        return self._all_meta

    @property
    def meta(self) -> dict[str, Any] | None:
        return {name: values[0] for name, values in self.all_meta.items()}

    def forget_meta(self) -> None:
        """Lets the meta-properties be read again."""
        self._all_meta = None

    @property
    def stored_meta(self) -> dict[str, Any] | None:
        return None


class SqlEdge(Edge):
    """Ends are looked up when they are asked for, or given by the step that found the edge."""

    __slots__ = ("_graph", "_head", "_properties", "_tail", "_text", "head_number", "number", "tail_number")

    def __init__(self, graph: "SqlGraph", row: Sequence[Any], label: str) -> None:
        self._graph = graph
        self.number, self.id, _, self.tail_number, self.head_number, self._text = row
        self.label = label
        self._tail: Vertex | None = None
        self._head: Vertex | None = None
        self._properties: dict[str, Any] | None = None

    @property
    def tail(self) -> Vertex:
        if self._tail is None:
            self._tail = self._graph.by_number(self.tail_number)
        return self._tail

    @property
    def head(self) -> Vertex:
        if self._head is None:
            self._head = self._graph.by_number(self.head_number)
        return self._head

    @property
    def properties(self) -> dict[str, Any]:
        if self._properties is None:
            found = decoded(self._text) if self._text != "{}" else {}
            self._properties = {key: values[0] for key, values in found.items() if values}
        return self._properties

    @property
    def row(self) -> int:
        """Its number in the table of edges."""
        return int(self.number)

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self._graph.edge_provenance(self.row)

    def holding(self, key: str) -> Mapping[str, Any]:
        if key == SCORE and key not in self.properties:  # kept with the edge: no need for all that is behind it
            return {SCORE: self._graph.edge_score(self)}
        return super().holding(key)
