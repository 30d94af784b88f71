"""The served graph as arrays: a snapshot at one position of the change log, for wide traversals and fast hops.

Vertices and edges are numbered 0..n-1 in the order of their ids. Text (uids, properties) lies in byte blobs, adjacency
in compressed sparse rows, property columns are dictionary-encoded on first use.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from graphstore.gremlin.columns import Column, ColumnBuilder
from graphstore.gremlin.pace import Check, paced, sort_order, unchecked
from graphstore.gremlin.sqlelements import SCORE, decoded

__all__ = ["EAGER", "EdgeTable", "Rows", "Snapshot", "Texts", "UidTable", "VertexTable"]

Ints = NDArray[np.int64]
EAGER = 1_000_000
"""Graphs with more vertices keep only what is asked for."""
_KEPT = 4
"""Property columns that a large graph keeps."""


class Texts:
    """Many strings in one blob; ``ends`` are their end offsets."""

    __slots__ = ("blob", "ends")

    def __init__(self, blob: bytes | bytearray, ends: Ints) -> None:
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

    def raw(self, index: int) -> bytes | bytearray:
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
        blobs: list[bytes | bytearray] = []
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
        return Texts(self._blob, _ints(self._ends))


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
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> "EdgeTable":
        """From rows (id, uid, label, tail, head, properties, score) ordered by id."""
        numbers, labels, tails, heads = array("q"), array("i"), array("q"), array("q")
        uids, texts = TextsWriter(), TextsWriter()
        scores = array("d")
        for number, uid, label, tail, head, text, score in rows:
            numbers.append(number)
            uids.add(uid)
            labels.append(label)
            tails.append(tail)
            heads.append(head)
            texts.add(text)
            scores.append(score)
        return cls(
            _ints(numbers),
            uids.done(),
            _ints(labels, np.int32),
            _ints(tails),
            _ints(heads),
            texts.done(),
            _ints(scores, np.float64),
        )


def _ints(values: "array[int] | array[float]", kind: Any = np.int64) -> Any:
    return np.frombuffer(values, kind) if values else np.zeros(0, kind)


@dataclass(frozen=True, slots=True)
class Rows:
    """Adjacency in one direction: the edges of vertex i stand at ``starts[i]:starts[i+1]``."""

    starts: Ints
    edges: NDArray[np.int32]
    ends: NDArray[np.int32]
    labels: NDArray[np.int32]

    @classmethod
    def build(
        cls, near: NDArray[np.int32], far: NDArray[np.int32], labels: NDArray[np.int32], size: int, check: Check
    ) -> "Rows":
        order = sort_order(near, check).astype(np.int32)
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(near, minlength=size), out=starts[1:])
        return cls(starts, order, far[order], labels[order])


def _places(numbers: Ints, wanted: Ints) -> NDArray[np.int32]:
    """Where ids that exist stand among the sorted ids: by a table where they lie close together, which they mostly do."""
    span = int(numbers[-1] - numbers[0]) + 1 if len(numbers) else 0
    if not span or span > 4 * len(numbers):
        return np.searchsorted(numbers, wanted).astype(np.int32)
    table = np.empty(span, np.int32)
    table[numbers - numbers[0]] = np.arange(len(numbers), dtype=np.int32)
    found: NDArray[np.int32] = table[wanted - numbers[0]]
    return found


class Snapshot:
    """All of the served graph at ``position`` of the change log. Never changes; :mod:`.follow` makes the next one."""

    def __init__(
        self,
        position: int,
        names: dict[int, str],
        vertices: VertexTable,
        edges: EdgeTable,
        eager: int = EAGER,
        check: Check = unchecked,
    ) -> None:
        """``eager``: up to so many vertices all property columns are kept, beyond it only those in use."""
        self.position, self.names, self.eager = position, names, eager
        self.numbers, self.uids, self.labels, self.texts = (
            vertices.numbers,
            vertices.uids,
            vertices.labels,
            vertices.texts,
        )
        self.edge_numbers, self.edge_uids = edges.numbers, edges.uids
        self.edge_labels, self.edge_texts, self.edge_scores = edges.labels, edges.texts, edges.scores
        self.meta = vertices.meta
        self.tails, self.heads = _places(self.numbers, edges.tails), _places(self.numbers, edges.heads)
        size = len(self.numbers)
        self.everything = np.arange(size)
        self.out = Rows.build(self.tails, self.heads, self.edge_labels, size, check)
        self.into = Rows.build(self.heads, self.tails, self.edge_labels, size, check)
        self.columns: dict[str, Column] = {}
        self.complete = False
        self._uids: UidTable | None = None
        self._own_scores: bool | None = None
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
        if self._uids is None:
            self._uids = UidTable(self.uids, self.eager)
        return self._uids.find(uid)

    def index_of(self, number: int) -> int:
        return int(np.searchsorted(self.numbers, number))

    def column(self, key: str, check: Check = unchecked) -> Column:
        """A property column. Those of a graph of moderate size are all decoded together; of a large one, the few that
        were asked for last are kept."""
        found = self.columns.get(key)
        if found is None and not self.complete:
            if self.size <= self.eager:
                self.columns, self.complete = self._decode(check), True
                found = self.columns.get(key)
            else:
                found = self.columns[key] = self._decode_one(key, check)
                for old in list(self.columns)[:-_KEPT]:
                    self.columns.pop(old, None)
        if found is None:
            found = Column(np.full(self.size, -1, np.int32), [], {}, np.zeros(0), {})
        return found

    def part(self, key: str, indices: NDArray[Any], check: Check = unchecked) -> tuple[Column, NDArray[Any]]:
        """A column and where some vertices stand in it: the column of all vertices if it is there or worth making, else
        one of these vertices alone."""
        if self.has_column(key) or len(indices) * 4 >= self.size:
            return self.column(key, check), indices
        builder = ColumnBuilder(len(indices))
        for place, index in enumerate(paced(indices.tolist(), check)):
            builder.add(place, decoded(self.texts.raw(index)).get(key, []))
        return builder.column(), np.arange(len(indices))

    def prepare(self, check: Check = unchecked) -> None:
        """Makes what is made on first use: the columns and the table of uids. Before that, a small query could be slow."""
        if self.size <= self.eager:
            self.column("", check)
        check()
        self.index_of_uid("")

    def has_column(self, key: str) -> bool:
        """Whether a property column is decoded already."""
        return self.complete or key in self.columns

    @property
    def own_scores(self) -> bool:
        """Whether an edge may have a property of its own with the name of the hidden score."""
        if self._own_scores is None:
            self._own_scores = orjson.dumps(SCORE) in self.edge_texts.blob
        return self._own_scores

    def tail_numbers(self) -> Ints:
        """The ids of the vertices where edges start."""
        return self.numbers[self.tails]

    def head_numbers(self) -> Ints:
        """The ids of the vertices where edges end."""
        return self.numbers[self.heads]

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

    def _decode(self, check: Check) -> dict[str, Column]:
        builders: dict[str, ColumnBuilder] = {}
        for index, text in enumerate(paced(self.texts.all(), check)):
            for key, values in decoded(text).items():
                builder = builders.get(key)
                if builder is None:
                    builder = builders[key] = ColumnBuilder(self.size)
                builder.add(index, values)
        return {key: builder.column() for key, builder in builders.items()}

    def _decode_one(self, key: str, check: Check) -> Column:
        builder, sign = ColumnBuilder(self.size), orjson.dumps(key) + b":"
        blob, start = self.texts.blob, 0
        for index, end in enumerate(paced(self.texts.ends.tolist(), check)):
            text = blob[start:end]
            if sign in text:
                builder.add(index, decoded(text).get(key, []))
            start = end
        return builder.column()


class UidTable:
    """Finds vertices by uid: a dictionary, or for a large graph, where its objects would take most of the memory, the
    sorted hashes."""

    def __init__(self, uids: Texts, eager: int = EAGER) -> None:
        self._uids = uids
        self._known: dict[str, int] | None = None
        if len(uids) <= eager:
            self._known = {uid: index for index, uid in enumerate(uids.all())}
            return
        hashes = np.fromiter(map(hash, uids.all()), np.int64, len(uids))
        self._order = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._order]

    def find(self, uid: str) -> int | None:
        if self._known is not None:
            return self._known.get(uid)
        wanted = hash(uid)
        place = int(np.searchsorted(self._hashes, wanted))
        while place < len(self._hashes) and self._hashes[place] == wanted:
            index = int(self._order[place])
            if self._uids[index] == uid:
                return index
            place += 1
        return None
