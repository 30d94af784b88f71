"""Reading GraphSON 3 as exports and ``g.io("x.json").write()`` write it: a vertex with its edges on each line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import orjson

from bifrost.values import Value
from graphstore.beside import name_among
from graphstore.load_files import GraphFile, Loaded, Part, wrong
from graphstore.values import exact_decimal, value_key

__all__ = ["graphson_parts"]

_BATCH = 5_000
_LINE = 256 * 2**20
"""Bytes of the longest line: a vertex with a million edges."""
_SPECIAL = {"NaN", "Infinity", "-Infinity"}


def _double(value: Any) -> float:
    if isinstance(value, str) and value not in _SPECIAL:
        raise ValueError(value)
    return float(value)


_DECODERS: dict[str, Callable[[Any], Value]] = {
    **dict.fromkeys(("g:Int32", "g:Int64", "gx:Byte", "gx:Int16", "gx:BigInteger"), int),
    **dict.fromkeys(("g:Float", "g:Double"), _double),
    "gx:BigDecimal": lambda value: exact_decimal(str(value)),
    "g:UUID": str,
    "gx:Char": str,
    **dict.fromkeys(("g:Date", "g:Timestamp"), lambda value: datetime.fromtimestamp(value / 1000, UTC)),
    "gx:LocalDate": date.fromisoformat,
    "gx:LocalTime": time.fromisoformat,
    **dict.fromkeys(("gx:LocalDateTime", "gx:OffsetDateTime", "gx:Instant"), datetime.fromisoformat),
}


def graphson_parts(files: Sequence[GraphFile]) -> Iterator[Part]:
    """Each vertex followed by the edges that leave it. Raises InputError with the line that is wrong."""
    for file in files:
        batch: list[Loaded] = []
        for number, line in _lines(file):
            try:
                batch += _elements(number, orjson.loads(line))
            except orjson.JSONDecodeError as error:
                raise wrong(file.name, "line", number, f"it is no JSON: {error}.") from None
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, OverflowError) as error:
                problem = f"it is no vertex of GraphSON 3 ({type(error).__name__}: {str(error)[:200]})."
                raise wrong(
                    file.name, "line", number, problem, "Write one vertex a line, as `bifrost export graphson` does."
                ) from None
            if len(batch) >= _BATCH:
                yield Part(file.name, "line", batch)
                batch = []
        if batch:
            yield Part(file.name, "line", batch)


def _lines(file: GraphFile) -> Iterator[tuple[int, bytes]]:
    number = 0
    with file.open() as stream:
        while line := stream.readline(_LINE + 1):
            number += 1
            if len(line) > _LINE:
                raise wrong(file.name, "line", number, f"it has more than {_LINE >> 20} MB.")
            if line.strip():
                yield number, line


def _elements(number: int, vertex: Mapping[str, Any]) -> Iterator[Loaded]:
    vertex = vertex.get("@value", vertex)
    id = _id(vertex["id"])
    said = {
        name: _distinct([_value(_plain(entry)["value"]) for entry in entries])
        for name, entries in vertex.get("properties", {}).items()
        if entries
    }
    yield Loaded(number, _name(vertex["label"]), id, said)
    for label, edges in vertex.get("outE", {}).items():
        for edge in edges:
            yield _edge(number, _name(label), id, edge)


def _edge(number: int, label: str, tail: str, edge: Mapping[str, Any]) -> Loaded:
    given = {name: _several(_plain(value)) for name, value in edge.get("properties", {}).items()}
    said = {name: values for name, values in given.items() if values}
    name = name_among(said, "score") or "score"
    certain = said.get(name, ())
    score = 1.0
    if len(certain) == 1 and isinstance(certain[0], float) and 0 <= certain[0] <= 1:
        score = certain[0]
        del said[name]
    return Loaded(number, label, _id(edge["id"]), said, tail, _id(edge["inV"]), score)


def _several(value: Any) -> tuple[Value, ...]:
    if isinstance(value, dict) and value.get("@type") in ("g:List", "g:Set"):
        return _distinct([_value(one) for one in value["@value"]])
    return (_value(value),)


def _plain(value: Any) -> Any:
    """What an entry of another writer wraps: a property of an edge as ``g:Property``, of a vertex as ``g:VertexProperty``."""
    if isinstance(value, dict) and value.get("@type") in ("g:Property", "g:VertexProperty"):
        value = value["@value"]
    return value["value"] if isinstance(value, dict) and value.keys() == {"key", "value"} else value


def _value(value: Any) -> Value:
    if isinstance(value, dict):
        decode = _DECODERS.get(value["@type"])
        if decode is None:
            raise ValueError(f"values of type {value['@type']} are not kept")
        return decode(value["@value"])
    if isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"{value!r} is no value of a property")


def _distinct(values: list[Value]) -> tuple[Value, ...]:
    return (values[0],) if len(values) == 1 else tuple({value_key(value): value for value in values}.values())


def _id(value: Any) -> str:
    id = str(_value(value))
    if not id:
        raise ValueError("an id is empty")
    return id


def _name(label: str) -> str:
    if not isinstance(label, str) or not label:
        raise ValueError("a label is empty")
    return label
