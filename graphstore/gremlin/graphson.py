"""GraphSON 3 (typed and untyped) and 2: results out, requests in."""

import base64
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.bytecode import Binding, ClassName, make_enum, make_p, make_strategy, make_traversal
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
    freeze,
)
from graphstore.gremlin.literals import duration_text, milliseconds, parse_date, parse_duration
from graphstore.gremlin.numbers import BigInteger, Byte, Char, Float, Long, Short, number_type
from graphstore.gremlin.references import EdgeReference, VertexReference
from graphstore.gremlin.traverser import Traverser
from graphstore.gremlin.tree import ENUMS, GremlinEnum, Lambda, T
from graphstore.values import exact_decimal

__all__ = ["GraphSON2", "GraphSON3", "UntypedGraphSON", "read_graphson"]

_NUMBER = {
    "INT": "g:Int32",
    "LONG": "g:Int64",
    "DOUBLE": "g:Double",
    "FLOAT": "g:Float",
    "BYTE": "gx:Byte",
    "SHORT": "gx:Int16",
    "BIGINT": "gx:BigInteger",
    "BIGDECIMAL": "gx:BigDecimal",
}


def _float(value: float) -> Any:
    if value - value == 0:
        return float(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _number(value: Any) -> Any:
    kind = number_type(value)
    if kind in ("DOUBLE", "FLOAT"):
        return {"@type": _NUMBER[kind], "@value": _float(value)}
    return {"@type": _NUMBER[kind], "@value": str(value) if kind in ("BIGINT", "BIGDECIMAL") else int(value)}


def _moment(value: datetime) -> str:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")


Write = Callable[[Any], Any]


class GraphSON3:
    """Values as Python structures that orjson can write, with their types.

    ``properties``: elements carry their properties (materializeProperties=all), else only id and label. ``dates_as_before``:
    dates and times are ``g:Date``, milliseconds since 1970, as before TinkerPop 3.8.
    """

    def __init__(self, properties: bool = True, *, dates_as_before: bool = False) -> None:
        self.properties, self.dates_as_before = properties, dates_as_before
        self._known: dict[type, Write] = {}

    def write(self, value: Any) -> Any:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            if -2147483648 <= value <= 2147483647:
                return {"@type": "g:Int32", "@value": value}
            return _number(value)
        if kind is float:
            return {"@type": "g:Double", "@value": _float(value)}
        writer = self._known.get(kind)
        if writer is None:
            writer = self._known[kind] = self._writer(value)
        return writer(value)

    def _writer(self, value: Any) -> Write:
        table: tuple[tuple[type | tuple[type, ...], Write], ...] = (
            (Traverser, self.traverser),
            (Vertex, self.vertex),
            (Edge, self.edge),
            (VertexProperty, self.vertex_property),
            (Property, self.property),
            (Path, self.path),
            (Char, lambda v: self.typed("gx:Char", str(v))),
            (str, str),
            ((int, float, Decimal), _number),
            (BulkSet, self.bulk_set),
            (Tree, self.tree),
            (SubGraph, self.subgraph),
            (Entry, lambda v: self.mapping({v.key: v.value})),
            (TraversalMetrics, lambda v: self.typed("g:TraversalMetrics", self.mapping(v))),
            (Metrics, lambda v: self.typed("g:Metrics", self.mapping(v))),
            (Mapping, self.mapping),
            ((list, tuple), lambda v: self.typed("g:List", [self.write(x) for x in v])),
            ((set, frozenset), lambda v: self.typed("g:Set", [self.write(x) for x in v])),
            (GremlinEnum, lambda v: self.typed(f"g:{type(v).__name__}", v.value)),
            (datetime, self.moment),
            (date, lambda v: self.moment(datetime.combine(v, time(), tzinfo=UTC))),
            (time, lambda v: v.isoformat()),
            (timedelta, lambda v: self.typed("gx:Duration", duration_text(v))),
            (uuid.UUID, lambda v: self.typed("g:UUID", str(v))),
            ((bytes, bytearray), lambda v: self.typed("gx:ByteBuffer", base64.b64encode(v).decode())),
        )
        for types, writer in table:
            if isinstance(value, types):
                return writer
        return str

    def typed(self, kind: str, value: Any) -> Any:
        return {"@type": kind, "@value": value}

    def moment(self, value: datetime) -> Any:
        if self.dates_as_before:
            return self.typed("g:Date", milliseconds(value))
        return self.typed("gx:OffsetDateTime", _moment(value))

    def traverser(self, t: Traverser) -> Any:
        return self.typed("g:Traverser", {"bulk": {"@type": "g:Int64", "@value": t.bulk}, "value": self.write(t.obj)})

    def vertex(self, vertex: Vertex) -> Any:
        plain: dict[str, Any] = {"id": self.write(vertex.id), "label": vertex.label}
        if self.properties:
            found: dict[str, list[Any]] = {}
            for id, key, value, meta in vertex.property_rows():
                found.setdefault(key, []).append(self._vertex_property(id, key, value, meta))
            if found:
                plain["properties"] = found
        return self.typed("g:Vertex", plain)

    def _vertex_property(self, id: Any, key: str, value: Any, meta: dict[str, Any] | None) -> Any:
        plain: dict[str, Any] = {"id": self.write(id), "value": self.write(value), "label": key}
        if meta:
            plain["properties"] = {name: self.write(meta_value) for name, meta_value in meta.items()}
        return self.typed("g:VertexProperty", plain)

    def vertex_property(self, found: VertexProperty) -> Any:
        return self._vertex_property(found.id, found.key, found.value, found.meta if self.properties else None)

    def edge(self, edge: Edge) -> Any:
        tail, head = edge.tail, edge.head
        plain: dict[str, Any] = {
            "id": self.write(edge.id),
            "label": edge.label,
            "inVLabel": head.label,
            "outVLabel": tail.label,
            "inV": self.write(head.id),
            "outV": self.write(tail.id),
        }
        if self.properties:
            found = edge.properties
            if found:
                plain["properties"] = {
                    key: self.typed("g:Property", {"key": key, "value": self.write(value)})
                    for key, value in found.items()
                }
        return self.typed("g:Edge", plain)

    def property(self, found: Property) -> Any:
        return self.typed("g:Property", {"key": found.key, "value": self.write(found.value)})

    def path(self, path: Path) -> Any:
        labels = self.typed("g:List", [self.typed("g:Set", list(names)) for names in path.labels])
        return self.typed("g:Path", {"labels": labels, "objects": self.write(path.objects)})

    def bulk_set(self, values: BulkSet) -> Any:
        return self.typed("g:List", [self.write(x) for x in values])

    def mapping(self, values: Mapping[Any, Any]) -> Any:
        flat: list[Any] = []
        for key, value in values.items():
            flat.append(self.write(key))
            flat.append(self.write(value))
        return self.typed("g:Map", flat)

    def tree(self, tree: Tree) -> Any:
        return self.typed("g:Tree", [{"key": self.write(k), "value": self.write(v)} for k, v in tree.items()])

    def subgraph(self, graph: SubGraph) -> Any:
        return self.typed(
            "tinker:graph",
            {
                "vertices": [self.write(v) for v in graph.vertices.values()],
                "edges": [self.write(e) for e in graph.edges.values()],
            },
        )


class GraphSON2(GraphSON3):
    """GraphSON 2: lists and sets are plain arrays, maps plain objects with text keys."""

    def typed(self, kind: str, value: Any) -> Any:
        return value if kind in ("g:List", "g:Set") else {"@type": kind, "@value": value}

    def mapping(self, values: Mapping[Any, Any]) -> Any:
        return {_text_key(key): self.write(value) for key, value in values.items()}


class UntypedGraphSON(GraphSON3):
    """GraphSON 3 with ``;types=false``: plain JSON."""

    def write(self, value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value) if -(2**63) <= value < 2**63 else str(value)
        if isinstance(value, float):
            return _float(value)
        if isinstance(value, Decimal):
            return float(value)
        return super().write(value)

    def typed(self, kind: str, value: Any) -> Any:
        return {"type": kind[2:].lower(), **value} if kind in ("g:Vertex", "g:Edge") else value

    def mapping(self, values: Mapping[Any, Any]) -> Any:
        return {_text_key(key): self.write(value) for key, value in values.items()}

    def traverser(self, t: Traverser) -> Any:
        return {"bulk": t.bulk, "value": self.write(t.obj)}


def _text_key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, GremlinEnum):
        return str(key.value)
    return str(key)


# ---- reading ---------------------------------------------------------------------------------------------------------

MAX_DEPTH = 100


def read_graphson(data: Any, depth: int = 0) -> Any:
    """A decoded JSON value of a request as Gremlin value. Raises QueryError for what it cannot be."""
    if depth > MAX_DEPTH:
        raise QueryError(f"The request is nested more than {MAX_DEPTH} deep.")
    if isinstance(data, list):
        return [read_graphson(x, depth + 1) for x in data]
    if not isinstance(data, dict):
        if isinstance(data, int) and not isinstance(data, bool) and not -(2**31) <= data < 2**31:
            return Long(data) if -(2**63) <= data < 2**63 else BigInteger(data)
        return data
    if "@type" in data and "@value" in data:
        kind, value = str(data["@type"]), data["@value"]
        reader = _READERS.get(kind)
        if reader is not None:
            try:
                return reader(value, depth + 1)
            except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
                raise QueryError(f"{kind} cannot be read: {error}", remedy="Check the client's serializer.") from error
        _, _, name = kind.partition(":")
        if name.endswith("Strategy"):
            configuration = read_graphson(value.get("conf", {}) if isinstance(value, dict) else {}, depth + 1)
            return make_strategy(name, configuration)
        if name in ENUMS:
            return make_enum(name, str(value))
        raise QueryError(f"The type {kind} is not known.", remedy="Use the types of GraphSON 3 or 2.")
    if "@type" in data and str(data["@type"]).endswith("Strategy"):
        return make_strategy(str(data["@type"]).partition(":")[2], {})
    return {key: read_graphson(value, depth + 1) for key, value in data.items()}


def _map(value: Any, depth: int) -> dict[Any, Any]:
    if isinstance(value, dict):
        return {k: read_graphson(v, depth) for k, v in value.items()}
    items = [read_graphson(x, depth) for x in value]
    return {freeze(k): v for k, v in zip(items[::2], items[1::2], strict=True)}


def _double(value: Any) -> float:
    return float(value.replace("Infinity", "inf")) if isinstance(value, str) else float(value)


def _p(value: Any, depth: int) -> Any:
    inner = read_graphson(value["value"], depth)
    many = isinstance(inner, list) and value["predicate"] not in ("eq", "neq")
    return make_p(str(value["predicate"]), inner if many else [inner])


def _bytecode(value: Any, depth: int) -> Any:
    def instructions(rows: Any) -> list[list[Any]]:
        return [[row[0], *(read_graphson(arg, depth) for arg in row[1:])] for row in rows]

    return make_traversal(instructions(value.get("source", ())), instructions(value.get("step", ())))


def property_reference(id: Any, key: str, value: Any) -> VertexProperty:
    return VertexProperty(id, key, value, VertexReference(None))


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "g:Int32": lambda v, _: int(v),
    "g:Int64": lambda v, _: Long(v),
    "gx:Int16": lambda v, _: Short(v),
    "gx:Byte": lambda v, _: Byte(v),
    "gx:BigInteger": lambda v, _: BigInteger(v),
    "gx:BigDecimal": lambda v, _: exact_decimal(str(v)),
    "g:Double": lambda v, _: _double(v),
    "g:Float": lambda v, _: Float(_double(v)),
    "gx:Char": lambda v, _: Char(v),
    "g:UUID": lambda v, _: uuid.UUID(v),
    "g:Date": lambda v, _: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=v),
    "g:Timestamp": lambda v, _: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=v),
    "gx:OffsetDateTime": lambda v, _: parse_date(v),
    "gx:Instant": lambda v, _: parse_date(v),
    "gx:LocalDate": lambda v, _: date.fromisoformat(v),
    "gx:Duration": lambda v, _: parse_duration(v),
    "gx:ByteBuffer": lambda v, _: base64.b64decode(v, validate=True),
    "g:List": lambda v, d: [read_graphson(x, d) for x in v],
    "g:Set": lambda v, d: {freeze(read_graphson(x, d)) for x in v},
    "g:Map": _map,
    "g:P": _p,
    "g:TextP": _p,
    "g:Bytecode": _bytecode,
    "g:Binding": lambda v, d: Binding(v["key"], read_graphson(v["value"], d)),
    "g:Class": lambda v, _: ClassName(v),
    "g:Lambda": lambda v, _: Lambda(str(v.get("script", "")), str(v.get("language", ""))),
    "g:T": lambda v, _: T("value" if v == "value_" else v.rstrip("_")),
    "g:Vertex": lambda v, d: VertexReference(read_graphson(v["id"], d), v.get("label", "vertex")),
    "g:Edge": lambda v, d: EdgeReference(read_graphson(v["id"], d), v.get("label", "edge")),
    "g:VertexProperty": lambda v, d: property_reference(
        read_graphson(v["id"], d), v.get("label", ""), read_graphson(v.get("value"), d)
    ),
    "g:Path": lambda v, d: Path(
        [tuple(names) for names in read_graphson(v["labels"], d)], read_graphson(v["objects"], d)
    ),
    "g:Traverser": lambda v, d: read_graphson(v["value"], d),
}
