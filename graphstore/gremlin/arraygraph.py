"""A snapshot as a graph for the interpreter: handles are made only for what a step looks at."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.database import Database
from graphstore.gremlin.arrays import Rows, Snapshot
from graphstore.gremlin.elements import Edge, Vertex
from graphstore.gremlin.frontier import sides
from graphstore.gremlin.sqlelements import SqlEdge, SqlVertex, decoded
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.values import clean_text

__all__ = ["ArrayEdge", "ArrayGraph", "ArrayVertex"]


class ArrayVertex(SqlVertex):
    __slots__ = ("index",)

    def __init__(self, graph: "ArrayGraph", index: int, uid: str, label: str) -> None:
        self._graph = graph
        self.index, self.id, self.label = index, uid, label
        self.number = -1
        self._values = None
        self._properties = None

    def all_values(self) -> dict[str, list[Any]]:
        if self._values is None:
            assert isinstance(self._graph, ArrayGraph)
            self._values = decoded(self._graph.snapshot.texts.raw(self.index))
        return self._values

    def meta(self, key: str, value: Any) -> dict[str, list[Any]]:
        assert isinstance(self._graph, ArrayGraph)
        snapshot = self._graph.snapshot
        self.number = int(snapshot.numbers[self.index])
        self.meta_text = snapshot.meta.get(self.number)
        return self._graph.meta_of(self, key, value)


class ArrayEdge(SqlEdge):
    __slots__ = ("index",)

    def __init__(self, graph: "ArrayGraph", index: int, uid: str, label: str) -> None:
        self._graph = graph
        self.index, self.id, self.label = index, uid, label
        self._tail = self._head = self._properties = None

    @property
    def tail(self) -> Vertex:
        if self._tail is None:
            assert isinstance(self._graph, ArrayGraph)
            self._tail = self._graph.at(int(self._graph.snapshot.tails[self.index]))
        return self._tail

    @property
    def head(self) -> Vertex:
        if self._head is None:
            assert isinstance(self._graph, ArrayGraph)
            self._head = self._graph.at(int(self._graph.snapshot.heads[self.index]))
        return self._head

    @property
    def properties(self) -> dict[str, Any]:
        if self._properties is None:
            assert isinstance(self._graph, ArrayGraph)
            self._text = self._graph.snapshot.edge_texts[self.index]
        return super().properties

    @property
    def row(self) -> int:
        assert isinstance(self._graph, ArrayGraph)
        return int(self._graph.snapshot.edge_numbers[self.index])


class _Handles(Sequence[ArrayVertex]):
    """Vertices of which the handles are made as they are asked for: who takes ten of a thousand pays for ten."""

    __slots__ = ("_graph", "_indices")

    def __init__(self, graph: "ArrayGraph", indices: NDArray[Any]) -> None:
        self._graph, self._indices = graph, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, place: Any) -> Any:
        found = self._graph.vertices_at(np.atleast_1d(self._indices[place]))
        return found if isinstance(place, slice) else found[0]

    def __iter__(self) -> Iterator[ArrayVertex]:
        at, size = 0, 16
        while at < len(self._indices):
            yield from self._graph.vertices_at(self._indices[at : at + size])
            at, size = at + size, 1_000


class ArrayGraph(SqlGraph):
    """Reads from a snapshot; what a snapshot does not hold (provenance, merged uids) is asked of the database."""

    batched = False

    def __init__(self, database: Database, snapshot: Snapshot) -> None:
        super().__init__(database, None)
        self.snapshot = snapshot
        self._handles: dict[int, ArrayVertex] = {}

    def at(self, index: int) -> ArrayVertex:
        """The vertex with an index."""
        found = self._handles.get(index)
        if found is None:
            snapshot = self.snapshot
            label = snapshot.names[int(snapshot.labels[index])]
            found = self._handles[index] = ArrayVertex(self, index, snapshot.uids[index], label)
        return found

    def edge_at(self, index: int) -> ArrayEdge:
        snapshot = self.snapshot
        return ArrayEdge(self, index, snapshot.edge_uids[index], snapshot.names[int(snapshot.edge_labels[index])])

    def vertices_at(self, indices: NDArray[Any]) -> list[ArrayVertex]:
        """Handles of many vertices at once."""
        self._vertices_found.append(indices)
        snapshot, names = self.snapshot, self.snapshot.names
        labels = snapshot.labels[indices].tolist()
        found = zip(indices.tolist(), snapshot.uids.many(indices), labels, strict=True)
        return [ArrayVertex(self, index, uid, names[label]) for index, uid, label in found]

    def edges_at(self, indices: NDArray[Any]) -> list[ArrayEdge]:
        self._edges_found.append(indices)
        snapshot, names = self.snapshot, self.snapshot.names
        labels = snapshot.edge_labels[indices].tolist()
        found = zip(indices.tolist(), snapshot.edge_uids.many(indices), labels, strict=True)
        return [ArrayEdge(self, index, uid, names[label]) for index, uid, label in found]

    def _vertex_numbers(self, together: Any) -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = self.snapshot.numbers[together]
        return numbers

    def edge_score(self, edge: SqlEdge) -> float:
        return float(self.snapshot.edge_scores[edge.index]) if isinstance(edge, ArrayEdge) else super().edge_score(edge)

    def _edge_numbers(self, together: Any) -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = self.snapshot.edge_numbers[together]
        return numbers

    def vertex(self, id: Any) -> Vertex | None:
        index = self.index(id)
        return None if index is None else self.at(index)

    def index(self, id: Any) -> int | None:
        """The index of the vertex with an id, or of the one that the record with this uid was merged into."""
        if not isinstance(id, str):
            return None
        index = self.snapshot.index_of_uid(id)
        if index is None:
            rows = self.rows("SELECT f.canonical FROM fragment f WHERE f.uid = ?", clean_text(id))
            if not rows:
                return None
            index = self.snapshot.index_of(rows[0][0])
            if index >= self.snapshot.size or self.snapshot.numbers[index] != rows[0][0]:
                return None
        return index

    def edge(self, id: Any) -> Edge | None:
        if not isinstance(id, str):
            return None
        rows = self.rows("SELECT l.id FROM link l WHERE l.uid = ?", clean_text(id))
        if not rows:
            return None
        index = int(np.searchsorted(self.snapshot.edge_numbers, rows[0][0]))
        known = index < self.snapshot.edge_size and self.snapshot.edge_numbers[index] == rows[0][0]
        return self.edge_at(index) if known else None

    def vertices(self) -> Iterator[Vertex]:
        self._vertices_found.append(self.snapshot.everything)
        return map(self.at, range(self.snapshot.size))

    def edges(self) -> Iterator[Edge]:
        self._edges_found.append(slice(None))
        return map(self.edge_at, range(self.snapshot.edge_size))

    def vertices_where(self, labels: Sequence[str] | None, key: str | None, value: Any) -> Iterator[Vertex] | None:
        if key is not None:
            if self.snapshot.has_column(key):
                return iter(self.vertices_at(self.snapshot.column(key).having(value)))
            return super().vertices_where(None, key, value)
        if labels is None:
            return None
        found = np.flatnonzero(np.isin(self.snapshot.labels, self.snapshot.label_numbers(labels)))
        self._vertices_found.append(found)
        return map(self.at, found.tolist())

    def edges_where(self, labels: Sequence[str]) -> Iterator[Edge] | None:
        found = np.flatnonzero(np.isin(self.snapshot.edge_labels, self.snapshot.label_numbers(labels)))
        self._edges_found.append(found)
        return map(self.edge_at, found.tolist())

    def _found(self, vertex: Vertex, direction: str, labels: Sequence[str], which: str) -> NDArray[Any]:
        assert isinstance(vertex, ArrayVertex)
        found: list[NDArray[Any]] = []
        for rows, part in self._parts(vertex, direction):
            values = getattr(rows, which)[part]
            if labels and len(values):
                values = values[self._labelled(rows.labels[part], labels)]
            found.append(values)
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _parts(self, vertex: "ArrayVertex", direction: str) -> Iterator[tuple[Rows, slice]]:
        """Where the edges of a vertex are."""
        for rows in sides(direction, self.snapshot):
            start, stop = rows.starts[vertex.index : vertex.index + 2].tolist()
            yield rows, slice(start, stop)

    def _labelled(self, mine: NDArray[Any], labels: Sequence[str]) -> NDArray[np.bool_]:
        wanted = self.snapshot.label_numbers(labels)
        return mine == wanted[0] if len(wanted) == 1 else np.isin(mine, wanted)

    def edges_between(self, vertex: Vertex, other: Vertex, direction: str, labels: Sequence[str]) -> list[Edge]:
        """The edges of a vertex whose other end is a given vertex."""
        near, far = self._own(vertex), self._own(other)
        if not isinstance(far, ArrayVertex):
            return []
        assert isinstance(near, ArrayVertex)
        found: list[Edge] = []
        for rows, part in self._parts(near, direction):
            edges = rows.edges[part][rows.ends[part] == far.index]
            if labels and len(edges):
                edges = edges[self._labelled(self.snapshot.edge_labels[edges], labels)]
            if len(edges):
                found += self.edges_at(edges)
        return found

    def edges_of(self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]) -> list[list[Edge]]:
        return [list(self.edges_at(self._found(self._own(v), direction, labels, "edges"))) for v in vertices]

    def vertices_of(
        self, vertices: Sequence[Vertex], direction: str, labels: Sequence[str]
    ) -> Sequence[Sequence[Vertex]]:
        return [_Handles(self, self._found(self._own(v), direction, labels, "ends")) for v in vertices]

    def _own(self, vertex: Vertex) -> Vertex:
        """The same vertex in this graph; bindings and side effects may bring others."""
        if isinstance(vertex, ArrayVertex) and vertex._graph is self:
            return vertex
        index = self.snapshot.index_of_uid(vertex.id) if isinstance(vertex.id, str) else None
        return self.at(index) if index is not None else vertex

    def _vertex(self, row: Sequence[Any]) -> SqlVertex:
        index = self.snapshot.index_of(row[0])
        if index < self.snapshot.size and self.snapshot.numbers[index] == row[0]:
            return self.at(index)
        return super()._vertex(row)
