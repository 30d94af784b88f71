"""The served graph as arrays: a snapshot at one position of the change log, for wide traversals and fast hops.

Vertices and edges are numbered 0..n-1 in the order of their ids. Text (uids, properties) lies in byte blobs, adjacency
in compressed sparse rows, property columns are dictionary-encoded on first use.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.ordering import dedup_key, equal, order_key
from graphstore.gremlin.sqlelements import decoded

__all__ = ["Column", "ColumnBuilder", "EdgeTable", "Rows", "Snapshot", "Texts", "VertexTable"]

Ints = NDArray[np.int64]


class Texts:
    """Many strings in one blob; ``ends`` are their end offsets."""

    __slots__ = ("blob", "ends")

    def __init__(self, blob: bytes, ends: Ints) -> None:
        self.blob, self.ends = blob, ends

    @classmethod
    def of(cls, values: Iterable[str]) -> "Texts":
        writer = TextsWriter()
        for value in values:
            writer.add(value)
        return writer.done()

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        start = int(self.ends[index - 1]) if index else 0
        return self.blob[start : int(self.ends[index])].decode("utf-8", "surrogatepass")

    def raw(self, index: int) -> bytes:
        """One string as it is stored."""
        start = int(self.ends[index - 1]) if index else 0
        return self.blob[start : int(self.ends[index])]

    def many(self, indices: NDArray[Any]) -> list[str]:
        """Some strings, faster than one by one."""
        if len(indices) < 4:
            return [self[index] for index in indices.tolist()]
        ends = self.ends[indices].tolist()
        starts = np.where(indices > 0, self.ends[indices - 1], 0).tolist()
        blob = self.blob
        return [blob[start:end].decode("utf-8", "surrogatepass") for start, end in zip(starts, ends, strict=True)]

    def all(self) -> Iterator[str]:
        """All strings, one after the other."""
        blob, start = self.blob, 0
        for end in self.ends.tolist():
            yield blob[start:end].decode("utf-8", "surrogatepass")
            start = end

    def joined(self, parts: "Sequence[tuple[int, int] | Texts]") -> "Texts":
        """Runs (from, to) of these strings and other texts, one after the other."""
        blobs: list[bytes] = []
        ends: list[Ints] = []
        total = 0
        for part in parts:
            texts, start, stop = (part, 0, len(part)) if isinstance(part, Texts) else (self, *part)
            if start == stop:
                continue
            first = int(texts.ends[start - 1]) if start else 0
            last = int(texts.ends[stop - 1])
            blobs.append(texts.blob[first:last])
            ends.append(texts.ends[start:stop] - first + total)
            total += last - first
        return Texts(b"".join(blobs), np.concatenate(ends) if ends else np.zeros(0, np.int64))


class TextsWriter:
    """Collects strings into a blob, piece by piece."""

    def __init__(self) -> None:
        self._blob = bytearray()
        self._ends = array("q")

    def add(self, value: str) -> None:
        self._blob += value.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._blob))

    def done(self) -> Texts:
        return Texts(
            bytes(self._blob), np.frombuffer(self._ends, np.int64).copy() if self._ends else np.zeros(0, np.int64)
        )


@dataclass(frozen=True, slots=True)
class VertexTable:
    """Vertices in the order of their ids: id, uid, label id, properties as JSON, and meta where there is one, by id."""

    numbers: Ints
    uids: Texts
    labels: NDArray[np.int32]
    texts: Texts
    meta: dict[int, str]

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> "VertexTable":
        """From rows (id, uid, label, properties, meta) ordered by id."""
        numbers, labels = array("q"), array("i")
        uids, texts = TextsWriter(), TextsWriter()
        meta: dict[int, str] = {}
        for number, uid, label, text, more in rows:
            numbers.append(number)
            uids.add(uid)
            labels.append(label)
            texts.add(text)
            if more:
                meta[number] = more
        return cls(_ints(numbers), uids.done(), _ints(labels, np.int32), texts.done(), meta)


@dataclass(frozen=True, slots=True)
class EdgeTable:
    """Edges in the order of their ids; ``tails`` and ``heads`` are ids of vertices."""

    numbers: Ints
    uids: Texts
    labels: NDArray[np.int32]
    tails: Ints
    heads: Ints
    texts: Texts

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> "EdgeTable":
        """From rows (id, uid, label, tail, head, properties) ordered by id."""
        numbers, labels, tails, heads = array("q"), array("i"), array("q"), array("q")
        uids, texts = TextsWriter(), TextsWriter()
        for number, uid, label, tail, head, text in rows:
            numbers.append(number)
            uids.add(uid)
            labels.append(label)
            tails.append(tail)
            heads.append(head)
            texts.add(text)
        return cls(_ints(numbers), uids.done(), _ints(labels, np.int32), _ints(tails), _ints(heads), texts.done())


def _ints(values: "array[int]", kind: Any = np.int64) -> Any:
    return np.frombuffer(values, kind).copy() if values else np.zeros(0, kind)


@dataclass(slots=True)
class Column:
    """One property of all vertices: ``codes`` index ``values`` (first value of each vertex), -1 where it has none.

    ``more`` holds all values of the vertices that have several. ``numbers`` are the values where all are plain integers
    or all are doubles, ``largest`` the greatest magnitude among them.
    """

    codes: NDArray[np.int32]
    values: list[Any]
    more: dict[int, list[Any]]
    numbers: NDArray[np.float64] | None
    known: dict[Any, int] = field(default_factory=dict)
    largest: float = 0.0
    _ranks: NDArray[np.int64] | None = None
    _order: NDArray[np.int64] | None = None
    _starts: NDArray[np.int64] | None = None

    def passing(self, test: Callable[[Any], bool], indices: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some vertices have a value that passes. Each distinct value is tested once."""
        codes = self.codes[indices]
        if len(codes) <= 256:
            values = self.values
            result = np.array([code >= 0 and test(values[code]) for code in codes.tolist()], np.bool_)
        elif len(codes) * 2 < len(self.values):
            distinct = np.unique(codes)
            values = self.values
            fitting = [code for code in distinct.tolist() if code >= 0 and test(values[code])]
            result = np.isin(codes, fitting)
        else:
            fits = np.fromiter((test(value) for value in self.values), np.bool_, len(self.values))
            result = np.append(fits, False)[codes]
        for index, values in self.more.items():
            result[indices == index] = any(test(value) for value in values)
        return result

    def having(self, value: Any) -> NDArray[np.int64]:
        """The vertices with a value."""
        code = self.known.get(_key(value))
        found = np.zeros(0, np.int64)
        if code is not None:
            if self._order is None:
                self._order = np.argsort(self.codes, kind="stable")
                self._starts = np.searchsorted(self.codes[self._order], np.arange(len(self.values) + 1))
            assert self._starts is not None
            found = self._order[self._starts[code] : self._starts[code + 1]]
        others = [i for i, values in self.more.items() if any(equal(v, value) for v in values)]
        return np.unique(np.concatenate((found, np.array(others, np.int64)))) if others else found

    def ranks(self) -> NDArray[np.int64]:
        """For each code its place in Gremlin's order."""
        if self._ranks is not None:
            return self._ranks
        kinds = {type(v) for v in self.values}
        plain = kinds <= {str} or (kinds <= {int, float} and not any(v != v for v in self.values))
        positions = range(len(self.values))
        by_value = (lambda i: self.values[i]) if plain else (lambda i: order_key(self.values[i]))
        ranks = np.empty(len(self.values), np.int64)
        ranks[sorted(positions, key=by_value)] = np.arange(len(self.values))
        self._ranks = ranks
        return ranks


@dataclass(frozen=True, slots=True)
class Rows:
    """Adjacency in one direction: the edges of vertex i stand at ``starts[i]:starts[i+1]``."""

    starts: Ints
    edges: NDArray[np.int32]
    ends: NDArray[np.int32]
    labels: NDArray[np.int32]

    @classmethod
    def build(cls, near: NDArray[np.int32], far: NDArray[np.int32], labels: NDArray[np.int32], size: int) -> "Rows":
        order = np.argsort(near, kind="stable").astype(np.int32)
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(near, minlength=size), out=starts[1:])
        return cls(starts, order, far[order], labels[order])


class Snapshot:
    """All of the served graph at ``position`` of the change log. Never changes; :mod:`.follow` makes the next one."""

    def __init__(self, position: int, names: dict[int, str], vertices: VertexTable, edges: EdgeTable) -> None:
        self.position, self.names = position, names
        self.vertex_table, self.edge_table = vertices, edges
        self.numbers, self.uids, self.labels, self.texts = (
            vertices.numbers,
            vertices.uids,
            vertices.labels,
            vertices.texts,
        )
        self.edge_numbers, self.edge_uids = edges.numbers, edges.uids
        self.edge_labels, self.edge_texts = edges.labels, edges.texts
        self.meta = vertices.meta
        self.tails = np.searchsorted(self.numbers, edges.tails).astype(np.int32)
        self.heads = np.searchsorted(self.numbers, edges.heads).astype(np.int32)
        size = len(self.numbers)
        self.everything = np.arange(size)
        self.out = Rows.build(self.tails, self.heads, self.edge_labels, size)
        self.into = Rows.build(self.heads, self.tails, self.edge_labels, size)
        self.columns: dict[str, Column] | None = None
        self._by_uid: dict[str, int] | None = None
        self._label_sets: dict[tuple[str, ...], NDArray[np.int32]] = {}
        self._degrees: dict[tuple[str, tuple[str, ...]], Ints] = {}

    @property
    def size(self) -> int:
        return len(self.numbers)

    @property
    def edge_size(self) -> int:
        return len(self.edge_numbers)

    def label_numbers(self, labels: Iterable[str]) -> NDArray[np.int32]:
        """The label ids behind some names."""
        wanted = tuple(labels)
        found = self._label_sets.get(wanted)
        if found is None:
            found = np.array([number for number, name in self.names.items() if name in wanted], np.int32)
            if len(self._label_sets) < 10_000:
                self._label_sets[wanted] = found
        return found

    def index_of_uid(self, uid: str) -> int | None:
        """The index of a vertex; the table behind it is made on first use."""
        if self._by_uid is None:
            self._by_uid = {uid: index for index, uid in enumerate(self.uids.all())}
        return self._by_uid.get(uid)

    def index_of(self, number: int) -> int:
        return int(np.searchsorted(self.numbers, number))

    def column(self, key: str) -> Column:
        """A property column; all columns are decoded together on first use."""
        if self.columns is None:
            self.columns = self._decode()
        found = self.columns.get(key)
        if found is None:
            found = Column(np.full(self.size, -1, np.int32), [], {}, np.zeros(0), {})
        return found

    def prepare(self) -> None:
        """Makes what is made on first use: the columns and the table of uids. Before that, a small query could be slow."""
        self.column("")
        self.index_of_uid("")

    @property
    def has_columns(self) -> bool:
        """Whether the property columns are decoded already."""
        return self.columns is not None

    def degrees(self, direction: str, labels: tuple[str, ...]) -> Ints:
        """How many edges each vertex has in a direction, of some labels or (none given) of all."""
        found = self._degrees.get((direction, labels))
        if found is None:
            found = np.zeros(self.size, np.int64)
            wanted = self.label_numbers(labels)
            for side, rows in (("OUT", self.out), ("IN", self.into)):
                if direction not in (side, "BOTH"):
                    continue
                if labels:
                    near = self.tails if side == "OUT" else self.heads
                    found += np.bincount(near[np.isin(self.edge_labels, wanted)], minlength=self.size)
                else:
                    found += np.diff(rows.starts)
            self._degrees[direction, labels] = found
        return found

    def _decode(self) -> dict[str, Column]:
        builders: dict[str, ColumnBuilder] = {}
        for index, text in enumerate(self.texts.all()):
            for key, values in decoded(text).items():
                builder = builders.get(key)
                if builder is None:
                    builder = builders[key] = ColumnBuilder(self.size)
                builder.add(index, values)
        return {key: builder.column() for key, builder in builders.items()}


class ColumnBuilder:
    """Collects a column vertex by vertex."""

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, -1, np.int32)
        self.known: dict[Any, int] = {}
        self.values: list[Any] = []
        self.more: dict[int, list[Any]] = {}

    def add(self, index: int, values: list[Any]) -> None:
        if not values:
            return
        value = values[0]
        key = _key(value)
        code = self.known.get(key)
        if code is None:
            code = self.known[key] = len(self.values)
            self.values.append(value)
        self.codes[index] = code
        if len(values) > 1:
            self.more[index] = values

    def column(self) -> Column:
        kinds = {type(v) for v in self.values}
        numbers = np.array(self.values, np.float64) if len(kinds) == 1 and kinds <= {int, float} else None
        largest = float(np.abs(numbers).max()) if numbers is not None and len(numbers) else 0.0
        return Column(self.codes, self.values, self.more, numbers, self.known, largest)


def _key(value: Any) -> Any:
    """What tells values of a column apart: 1 and 1.0 are one value, True and 1 are not."""
    return value if type(value) is str else dedup_key(value)
