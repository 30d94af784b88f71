"""GraphBinary 1: a writer of results."""

import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from graphstore.gremlin.elements import (
    BulkSet,
    Edge,
    Entry,
    Metrics,
    Path,
    Property,
    SubGraph,
    TraversalMetrics,
    Tree,
    Vertex,
    VertexProperty,
)
from graphstore.gremlin.literals import milliseconds
from graphstore.gremlin.numbers import BigInteger, Byte, Char, Float, Long, Short
from graphstore.gremlin.traverser import Traverser
from graphstore.gremlin.tree import GremlinEnum, T

__all__ = ["GraphBinaryWriter", "GraphBinaryWriterBefore38"]

_INT, _LONG = struct.Struct(">i").pack, struct.Struct(">q").pack
_FQ_INT, _FQ_LONG = struct.Struct(">BBi").pack, struct.Struct(">BBq").pack
_FQ_DOUBLE, _FQ_FLOAT = struct.Struct(">BBd").pack, struct.Struct(">BBf").pack
_HEAD = struct.Struct(">BBi").pack
_NULL = b"\xfe\x01"
_BULKED_TEXT = struct.Struct(">BBqBBi").pack
_ENUM_CODES = {
    "Barrier": 0x13,
    "Cardinality": 0x16,
    "Column": 0x17,
    "Direction": 0x18,
    "Operator": 0x19,
    "Order": 0x1A,
    "Pick": 0x1B,
    "Pop": 0x1C,
    "Scope": 0x1F,
    "T": 0x20,
    "Merge": 0x2E,
    "DT": 0x2F,
    "GType": 0x30,
}


_ENUMS: dict[GremlinEnum, bytes] = {}
_NAMES: dict[str, bytes] = {}
_KEYS: dict[str, bytes] = {}
_REMEMBERED = 10_000
"""Labels and keys repeat in all answers: their bytes are kept, without and with their type."""


def _name(text: str) -> bytes:
    data = text.encode()
    data = _INT(len(data)) + data
    if len(data) < 100 and len(_NAMES) < _REMEMBERED:
        _NAMES[text] = data
    return data


def _key(text: str) -> bytes:
    data = b"\x03\x00" + _name(text)
    if len(data) < 100 and len(_KEYS) < _REMEMBERED:
        _KEYS[text] = data
    return data


class GraphBinaryWriter:
    """Appends values to one buffer. ``properties``: elements carry their properties."""

    __slots__ = ("out", "properties")

    def __init__(self, properties: bool = True) -> None:
        self.out = bytearray()
        self.properties = properties

    def write(self, value: Any) -> None:
        """A value with its type."""
        kind = type(value)
        if kind is str:
            data = value.encode()
            self.out += _HEAD(3, 0, len(data)) + data
        elif kind is int:
            self.integer(value)
        elif value is None:
            self.out += _NULL
        elif kind is float:
            self.out += _FQ_DOUBLE(7, 0, value)
        else:
            writer = _WRITERS.get(kind)
            if writer is None:
                writer = _WRITERS[kind] = _writer_for(value)
            writer(self, value)

    def name(self, text: str) -> None:
        """A label or key: a string without its type."""
        self.out += _NAMES.get(text) or _name(text)

    def integer(self, value: int) -> None:
        if -2147483648 <= value <= 2147483647:
            self.out += _FQ_INT(1, 0, value)
        elif -(2**63) <= value < 2**63:
            self.out += _FQ_LONG(2, 0, value)
        else:
            self.big(value)

    def raw(self, data: bytes) -> None:
        self.out += data

    def big(self, value: int) -> None:
        length = value.bit_length() // 8 + 1
        self.out += _HEAD(0x23, 0, length) + int(value).to_bytes(length, "big", signed=True)

    def decimal(self, value: Decimal) -> None:
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            self.write(float(value))
            return
        unscaled = int("".join(map(str, digits)) or "0") * (-1 if sign else 1)
        length = unscaled.bit_length() // 8 + 1
        self.out += b"\x22\x00" + _INT(-exponent) + _INT(length) + unscaled.to_bytes(length, "big", signed=True)

    def moment(self, value: datetime) -> None:
        offset = value.utcoffset() or timedelta()
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        nanos = seconds * 1_000_000_000 + value.microsecond * 1000
        self.out += b"\x88\x00" + struct.pack(
            ">ibbqi", value.year, value.month, value.day, nanos, int(offset.total_seconds())
        )

    def duration(self, value: timedelta) -> None:
        seconds, rest = divmod(value, timedelta(seconds=1))
        self.out += b"\x81\x00" + struct.pack(">qi", seconds, rest.microseconds * 1000)

    def enum(self, value: GremlinEnum) -> None:
        self.out += _ENUMS.get(value) or self.enum_bytes(value)

    @staticmethod
    def enum_bytes(value: GremlinEnum) -> bytes:
        code = _ENUM_CODES[type(value).__name__]
        data = _ENUMS[value] = bytes((code, 0)) + _key(str(value.value))
        return data

    def sequence(self, code: int, values: Any) -> None:
        self.out += _HEAD(code, 0, len(values))
        out, write = self.out, self.write
        for value in values:
            if type(value) is Traverser:
                bulk, value = value.bulk, value.obj
                if type(value) is str:
                    data = value.encode()
                    out += _BULKED_TEXT(0x21, 0, bulk, 3, 0, len(data)) + data
                    continue
                out += _FQ_LONG(0x21, 0, bulk)
            write(value)

    def mapping(self, values: Mapping[Any, Any]) -> None:
        out, write = self.out, self.write
        out += _HEAD(0x0A, 0, len(values))
        for key, value in values.items():
            if type(key) is str:
                out += _KEYS.get(key) or _key(key)
            elif type(key) is T:
                out += _ENUMS.get(key) or self.enum_bytes(key)
            else:
                write(key)
            if type(value) is str:
                data = value.encode()
                out += _HEAD(3, 0, len(data)) + data
            else:
                write(value)

    def traverser(self, t: Traverser) -> None:
        self.out += _FQ_LONG(0x21, 0, t.bulk)
        self.write(t.obj)

    def vertex(self, vertex: Vertex) -> None:
        self.out += b"\x11\x00"
        self.write(vertex.id)
        self.name(vertex.label)
        rows = list(vertex.property_rows()) if self.properties else []
        if rows:
            self.out += _HEAD(0x09, 0, len(rows))
            for id, key, value, meta in rows:
                self._vertex_property(id, key, value, meta)
        else:
            self.out += _NULL

    def vertex_property(self, found: VertexProperty) -> None:
        self._vertex_property(found.id, found.key, found.value, found.meta if self.properties else None)

    def _vertex_property(self, id: Any, key: str, value: Any, meta: dict[str, Any] | None) -> None:
        self.out += b"\x12\x00"
        self.write(id)
        self.name(key)
        self.write(value)
        self.out += _NULL
        if meta:
            self.out += _HEAD(0x09, 0, len(meta))
            for name, meta_value in meta.items():
                self._property(name, meta_value)
        else:
            self.out += _NULL

    def edge(self, edge: Edge) -> None:
        self.out += b"\x0d\x00"
        self.write(edge.id)
        self.name(edge.label)
        for end in (edge.head, edge.tail):
            self.write(end.id)
            self.name(end.label)
        self.out += _NULL
        found = edge.properties if self.properties else {}
        if found:
            self.out += _HEAD(0x09, 0, len(found))
            for key, value in found.items():
                self._property(key, value)
        else:
            self.out += _NULL

    def property(self, found: Property) -> None:
        self._property(found.key, found.value)

    def _property(self, key: str, value: Any) -> None:
        self.out += b"\x0f\x00"
        self.name(key)
        self.write(value)
        self.out += _NULL

    def path(self, path: Path) -> None:
        self.out += b"\x0e\x00"
        self.sequence(0x09, [frozenset(names) for names in path.labels])
        self.sequence(0x09, path.objects)

    def tree(self, tree: Tree) -> None:
        self.out += b"\x2b\x00"
        self._branches(tree)

    def _branches(self, tree: Tree) -> None:
        self.out += _INT(len(tree))
        for key, below in tree.items():
            self.write(key)
            self._branches(below)

    def subgraph(self, graph: SubGraph) -> None:
        self.out += b"\x10\x00" + _INT(len(graph.vertices))
        for vertex in graph.vertices.values():
            self.write(vertex.id)
            self.name(vertex.label)
            found = [p for values in vertex.properties.values() for p in values]
            self.out += _INT(len(found))
            for one in found:
                self.write(one.id)
                self.name(one.key)
                self.write(one.value)
                self.out += _NULL
                self.sequence(0x09, [Property(k, v, one) for k, v in (one.stored_meta or {}).items()])
        self.out += _INT(len(graph.edges))
        for edge in graph.edges.values():
            self.write(edge.id)
            self.name(edge.label)
            self.write(edge.head.id)
            self.out += _NULL
            self.write(edge.tail.id)
            self.out += _NULL + _NULL
            self.sequence(0x09, [Property(k, v, edge) for k, v in edge.properties.items()])

    def traversal_metrics(self, found: TraversalMetrics) -> None:
        self.out += b"\x2d\x00" + _nanoseconds(found["dur"]) + _INT(len(found["metrics"]))
        for one in found["metrics"]:
            self.write(one)

    def metrics(self, found: Metrics) -> None:
        self.out += b"\x2c\x00"
        self.name(found["id"])
        self.name(found["name"])
        self.out += _nanoseconds(found["dur"])
        for values in (found["counts"], found["annotations"]):
            self.out += _INT(len(values))
            for key, value in values.items():
                self.write(key)
                self.write(value)
        self.out += _INT(0)  # none within it


class GraphBinaryWriterBefore38(GraphBinaryWriter):
    """For drivers before TinkerPop 3.8: a date or time is a ``Date``, milliseconds since 1970. Those of Python and JavaScript
    know no other type and cannot read an answer that has one."""

    __slots__ = ()

    def moment(self, value: datetime) -> None:
        self.out += _FQ_LONG(4, 0, milliseconds(value))


def _nanoseconds(milliseconds: float) -> bytes:
    return _LONG(round(milliseconds * 1_000_000))


Append = Callable[[GraphBinaryWriter, Any], Any]
_WRITERS: dict[type, Append] = {}
"""How values of a type are written: found once, then remembered."""

_TABLE: tuple[tuple[type | tuple[type, ...], Append], ...] = (
    (Traverser, GraphBinaryWriter.traverser),
    (Vertex, GraphBinaryWriter.vertex),
    (Edge, GraphBinaryWriter.edge),
    (VertexProperty, GraphBinaryWriter.vertex_property),
    (Property, GraphBinaryWriter.property),
    (Path, GraphBinaryWriter.path),
    (bool, lambda w, v: w.raw(b"\x27\x00\x01" if v else b"\x27\x00\x00")),
    (Long, lambda w, v: w.raw(_FQ_LONG(2, 0, v))),
    (Short, lambda w, v: w.raw(b"\x26\x00" + struct.pack(">h", v))),
    (Byte, lambda w, v: w.raw(b"\x24\x00" + struct.pack(">b", v))),
    (BigInteger, GraphBinaryWriter.big),
    (int, GraphBinaryWriter.integer),
    (Float, lambda w, v: w.raw(_FQ_FLOAT(8, 0, v))),
    (float, lambda w, v: w.raw(_FQ_DOUBLE(7, 0, v))),
    (Decimal, GraphBinaryWriter.decimal),
    (Char, lambda w, v: w.raw(b"\x80\x00" + v.encode())),
    (str, lambda w, v: w.write(str(v))),
    (Tree, GraphBinaryWriter.tree),
    (SubGraph, GraphBinaryWriter.subgraph),
    (Entry, lambda w, v: w.mapping({v.key: v.value})),
    (TraversalMetrics, GraphBinaryWriter.traversal_metrics),
    (Metrics, GraphBinaryWriter.metrics),
    (Mapping, GraphBinaryWriter.mapping),
    ((list, tuple, BulkSet), lambda w, v: w.sequence(0x09, v)),
    ((set, frozenset), lambda w, v: w.sequence(0x0B, v)),
    (GremlinEnum, GraphBinaryWriter.enum),
    (datetime, lambda w, v: w.moment(v)),
    (date, lambda w, v: w.moment(datetime.combine(v, time(), tzinfo=UTC))),
    (time, lambda w, v: w.write(v.isoformat())),
    (timedelta, GraphBinaryWriter.duration),
    (uuid.UUID, lambda w, v: w.raw(b"\x0c\x00" + v.bytes)),
    ((bytes, bytearray), lambda w, v: w.raw(_HEAD(0x25, 0, len(v)) + bytes(v))),
)


def _writer_for(value: Any) -> Append:
    return next((writer for types, writer in _TABLE if isinstance(value, types)), lambda w, v: w.write(str(v)))
