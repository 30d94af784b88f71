"""GraphML 1.0 and GraphSON 3 (TinkerPop's adjacency lines, as ``g.io("x.json").read()`` takes them)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from bifrost.values import Value
from graphstore.beside import name_beside
from graphstore.export_rows import Element, PropertyShape, Snapshot

__all__ = ["graphml", "graphson"]

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_GRAPHML_TYPES = {"integer": "long", "number": "double", "boolean": "boolean"}
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


# ---- GraphML ---------------------------------------------------------------------------------------------------------


def graphml(snapshot: Snapshot) -> Iterator[bytes]:
    """Several values of a property are joined by line breaks: GraphML has no lists. Labels have the ids by which TinkerPop
    reads them, ``labelV`` and ``labelE``; their names and that of the ``score`` of edges get a ``_`` more than properties of
    these names have, because readers such as networkx go by names."""
    keys = {"node": _keys(snapshot.shapes("vertex"), "n"), "edge": _keys(snapshot.shapes("edge"), "e")}
    parts = [_HEAD]
    for id, kind, type in (("labelV", "node", "string"), ("labelE", "edge", "string"), ("score", "edge", "double")):
        name = name_beside(keys[kind], id)
        parts.append(f'<key id="{id}" for="{kind}" attr.name="{name}" attr.type="{type}"/>\n')
    for kind, known in keys.items():
        for name, (id, type) in known.items():
            parts.append(f'<key id="{id}" for="{kind}" attr.name={_attribute(name)} attr.type="{type}"/>\n')
    parts.append('<graph id="G" edgedefault="directed">\n')
    yield "".join(parts).encode()
    for vertices in snapshot.vertex_batches():
        yield "".join(_node(vertex, keys["node"]) for vertex in vertices).encode()
    for edges in snapshot.edge_batches():
        yield "".join(_edge(edge, keys["edge"]) for edge in edges).encode()
    yield b"</graph>\n</graphml>\n"


def _keys(shapes: Mapping[str, Mapping[str, PropertyShape]], prefix: str) -> dict[str, tuple[str, str]]:
    """Property name -> key id and type, one for all labels; text where they differ."""
    types: dict[str, set[str]] = {}
    for properties in shapes.values():
        for name, shape in properties.items():
            types.setdefault(name, set()).add("string" if shape.several else _GRAPHML_TYPES.get(shape.type, "string"))
    return {
        name: (f"{prefix}{i}", kinds.pop() if len(kinds) == 1 else "string")
        for i, (name, kinds) in enumerate(sorted(types.items()))
    }


def _node(vertex: Element, keys: Mapping[str, tuple[str, str]]) -> str:
    data = _data(vertex.properties, keys)
    return f'<node id={_attribute(vertex.id)}><data key="labelV">{_xml(vertex.label)}</data>{data}</node>\n'


def _edge(edge: Element, keys: Mapping[str, tuple[str, str]]) -> str:
    head = f"<edge id={_attribute(edge.id)} source={_attribute(edge.tail)} target={_attribute(edge.head)}>"
    label = f'<data key="labelE">{_xml(edge.label)}</data><data key="score">{edge.score}</data>'
    return f"{head}{label}{_data(edge.properties, keys)}</edge>\n"


def _data(properties: Mapping[str, Iterable[Value]], keys: Mapping[str, tuple[str, str]]) -> str:
    return "".join(
        f'<data key="{keys[name][0]}">{_xml(chr(10).join(map(_text, values)))}</data>'
        for name, values in properties.items()
    )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text), {"\r": "&#13;"})  # readers make line breaks of others


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", text))


# ---- GraphSON --------------------------------------------------------------------------------------------------------


def graphson(snapshot: Snapshot) -> Iterator[bytes]:
    """One vertex a line with its edges on both sides. An edge's property with several values is a ``g:List`` of them, as
    edges have no properties of several values in TinkerPop; the ``score`` of an edge that has properties of that
    name has a ``_`` more than they have."""
    for vertices in snapshot.vertex_batches():
        out, into = snapshot.edges_at(vertices, "tail"), snapshot.edges_at(vertices, "head")
        lines = [_line(vertex, out.get(vertex.key, ()), into.get(vertex.key, ())) for vertex in vertices]
        yield b"".join(orjson.dumps(line) + b"\n" for line in lines)


def _line(vertex: Element, out: Iterable[Element], into: Iterable[Element]) -> dict[str, Any]:
    line: dict[str, Any] = {"id": vertex.id, "label": vertex.label}
    for side, edges, other in (("outE", out, "inV"), ("inE", into, "outV")):
        for edge in edges:
            properties = {name: _one(values) for name, values in edge.properties.items()}
            properties[name_beside(properties, "score")] = _typed(edge.score)
            end = edge.head if other == "inV" else edge.tail
            entry = {"id": edge.id, other: end, "properties": properties}
            line.setdefault(side, {}).setdefault(edge.label, []).append(entry)
    if vertex.properties:
        line["properties"] = {
            name: [{"id": f"{vertex.id}#{name}#{i}", "value": _typed(value)} for i, value in enumerate(values)]
            for name, values in vertex.properties.items()
        }
    return line


def _one(values: Sequence[Value]) -> Any:
    return _typed(values[0]) if len(values) == 1 else {"@type": "g:List", "@value": [_typed(value) for value in values]}


def _typed(value: Value) -> Any:
    match value:
        case bool() | str():
            return value
        case int():
            big = not -(2**63) <= value < 2**63
            return {"@type": "gx:BigInteger", "@value": str(value)} if big else {"@type": "g:Int64", "@value": value}
        case float():
            special = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
            return {"@type": "g:Double", "@value": value if value - value == 0 else special}
        case Decimal():
            return {"@type": "gx:BigDecimal", "@value": str(value)}
        case datetime():
            kind = "gx:LocalDateTime" if value.tzinfo is None else "gx:OffsetDateTime"
            return {"@type": kind, "@value": value.isoformat()}
        case date():
            return {"@type": "gx:LocalDate", "@value": value.isoformat()}
        case time():
            return {"@type": "gx:LocalTime", "@value": value.isoformat()}
    raise TypeError(f"not a property value: {type(value).__name__}")
