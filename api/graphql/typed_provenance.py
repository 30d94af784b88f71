"""Where the values of a typed vertex's fields, and the edges behind its links, come from."""

from asyncio import Future, ensure_future
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from api.graphql.context import Context
from api.graphql.typed_read import Info, TypedVertex
from api.graphql.values import json_value
from bifrost.errors import InputError
from bifrost.graph import Direction, EdgeOrigin, FragmentOrigin, Vertex

__all__ = ["of_edge", "provenance"]

_MOST_EDGES = 1000


def provenance(
    of: TypedVertex, vertex: Vertex, info: Info, field: str | None = None, fields: Collection[str] | None = None
) -> "Future[list[dict[str, Any]]]":
    """Of all properties, or of the named fields, links included. Read for all vertices of a level together."""
    wanted = None if field is None and fields is None else {*(fields or ()), *([field] if field is not None else ())}
    return ensure_future(_provenance(of, vertex, info.context, wanted))


async def _provenance(
    of: TypedVertex, vertex: Vertex, context: Context, wanted: Collection[str] | None
) -> list[dict[str, Any]]:
    unknown = sorted(set(wanted or ()) - of.names.keys() - of.links.keys())
    if unknown:
        raise InputError(f"{of.label!r} has no property or link {unknown[0]!r}.")
    found: list[dict[str, Any]] = []
    if wanted is None or any(name in of.names for name in wanted):
        found += _of_values(await context.vertex_origins.load(vertex.id), of.names, wanted)
    for name in wanted or ():
        if name in of.links:
            found += await _of_link(of, name, vertex, context)
    return found


def _of_values(
    origins: Iterable[FragmentOrigin], names: Mapping[str, str], wanted: Collection[str] | None
) -> Iterator[dict[str, Any]]:
    """Per property and record: the values that it gives, and where they were found."""
    by_property = {name: field for field, name in names.items()}
    for origin in origins:
        for name, values in origin.properties.items():
            field = by_property.get(name, "")
            if wanted is None or field in wanted:
                yield {
                    "field": field,
                    "property": name,
                    "values": [json_value(value) for value in values],
                    "source": origin.source,
                    "dataset": origin.dataset,
                    "record": origin.record,
                    "evidence": origin.evidence.get(name, origin.default_evidence),
                    "seen": origin.seen,
                    "score": 1.0,
                }


async def _of_link(of: TypedVertex, name: str, vertex: Vertex, context: Context) -> list[dict[str, Any]]:
    """Per edge: the id of the vertex that it leads to, and the statement behind it."""
    link = of.links[name]
    edges = await context.edges(link.direction, (link.label,), _MOST_EDGES).load(vertex.id)
    ends = {edge.id: edge.head if link.direction is Direction.OUT else edge.tail for edge in edges}
    if link.mixed:
        others = await context.vertices.load_many(list(ends.values()))
        typed = {other.id for other in others if other is not None and other.label == link.other.label}
        ends = {id: end for id, end in ends.items() if end in typed}
    origins = await context.edge_origins.load_many(list(ends))
    return [
        entry
        for end, found in zip(ends.values(), origins, strict=True)
        for entry in of_edge(name, link.label, end, found)
    ]


def of_edge(field: str, label: str, end: str, origins: Iterable[EdgeOrigin]) -> Iterator[dict[str, Any]]:
    """The statements behind one edge, which leads to the vertex ``end``."""
    for origin in origins:
        yield {
            "field": field,
            "property": label,
            "values": [end],
            "source": origin.source,
            "dataset": origin.dataset,
            "record": origin.record,
            "evidence": origin.evidence,
            "seen": None,
            "score": origin.score,
        }
