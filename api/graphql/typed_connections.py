"""Relay connections of the typed part's links: pages of ``OrderByPlacedByEdge``, which has what the link itself says.

One entry is one link, so a vertex that several links lead to is there several times, each with its link's properties.
"""

from asyncio import Future, ensure_future
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from api.graphql.executor import PLAIN_FIELDS
from api.graphql.limits import USUAL_LENGTH
from api.graphql.names import allocate, field_name, type_name
from api.graphql.shape import GraphShape
from api.graphql.typed_provenance import of_edge
from api.graphql.typed_read import Info, LinkField, LinkPage, selected
from api.graphql.typed_values import CONVERTERS, SCALARS
from api.graphql.types_graph import EdgeType, PageInfoType
from bifrost.graph import Edge, Link, Vertex

__all__ = ["ConnectionTypes"]

_ONCE = {USUAL_LENGTH: 1}
"""The list inside of a connection is as long as the connection's argument says."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One link in a page."""

    cursor: str
    link: Link
    page: LinkPage


class ConnectionTypes:
    """Makes connection types by edge label and vertex type. ``names`` are those of the vertex types by label, ``taken``
    those that other types have."""

    def __init__(
        self,
        generic: GraphQLSchema,
        names: Mapping[str, str],
        shape: GraphShape,
        taken: Iterable[str],
        provenance: GraphQLObjectType,
    ) -> None:
        self._generic, self._shape, self._provenance = generic, shape, provenance
        self._taken = set(taken)
        self._made: dict[tuple[str, str], GraphQLObjectType] = {}
        others = {(edge, end) for tail, edge, head in shape.patterns for end in (tail, head)}
        self._names = {
            (edge, other): self._unique(f"{names[other]}By{type_name(edge)}", "Connection", "Edge")
            for edge, other in sorted(others)
        }
        self._properties = {
            label: self._properties_type(label, types)
            for label, types in sorted(shape.edge_properties.items())
            if types
        }

    def of(self, link: LinkField) -> GraphQLObjectType:
        key = (link.label, link.other.label)
        if key not in self._made:
            self._made[key] = self._connection(link, self._names[key])
        return self._made[key]

    def _unique(self, base: str, *suffixes: str) -> str:
        name, number = base, 2
        while any(name + suffix in self._taken for suffix in suffixes):
            name = f"{base}_{number}"
            number += 1
        self._taken |= {name + suffix for suffix in suffixes}
        return name

    def _connection(self, link: LinkField, name: str) -> GraphQLObjectType:
        assert link.other.type is not None
        edge = self._edge(link, name)
        text, yes = GraphQLString, GraphQLNonNull(GraphQLBoolean)
        info = self._generic.type_map["PageInfo"]
        assert isinstance(info, GraphQLObjectType)
        return GraphQLObjectType(
            f"{name}Connection",
            {
                "nodes": GraphQLField(_list_of(link.other.type), resolve=_nodes, extensions=_ONCE),
                "edges": GraphQLField(_list_of(edge), resolve=_entries, extensions=_ONCE),
                "pageInfo": GraphQLField(GraphQLNonNull(info), resolve=_page_info),
                "endCursor": GraphQLField(text, resolve=lambda source, _: source.page.cursor),
                "hasNextPage": GraphQLField(yes, resolve=lambda source, _: source.page.more),
                "totalCount": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=lambda source, info: source.count(info)),
            },
            description="A page of links, one entry per link.",
        )

    def _edge(self, link: LinkField, name: str) -> GraphQLObjectType:
        assert link.other.type is not None
        generic = self._generic.type_map["Edge"]
        assert isinstance(generic, GraphQLObjectType)
        plain: dict[str, Callable[[_Entry], Any]] = {
            "cursor": lambda entry: entry.cursor,
            "id": lambda entry: entry.link.edge.id,
            "score": lambda entry: entry.link.edge.score,
        }
        fields = {
            "cursor": GraphQLField(GraphQLNonNull(GraphQLString), resolve=_plain(plain["cursor"])),
            "node": GraphQLField(GraphQLNonNull(link.other.type), resolve=lambda entry, _: entry.link.vertex),
            "id": GraphQLField(GraphQLNonNull(GraphQLID), resolve=_plain(plain["id"]), description="Of the link."),
            "score": GraphQLField(
                GraphQLNonNull(GraphQLFloat), resolve=_plain(plain["score"]), description="Below 1 it is a model's."
            ),
        }
        properties = self._properties.get(link.label)
        if properties is not None:
            fields["properties"] = GraphQLField(
                GraphQLNonNull(properties), resolve=lambda entry, _: entry.link.edge, description="Of the link."
            )
        fields["_edge"] = GraphQLField(
            GraphQLNonNull(generic),
            resolve=lambda entry, _: EdgeType.of(entry.link.edge),
            description="The same link in the generic part of the schema.",
        )
        fields["_provenance"] = GraphQLField(
            _list_of(self._provenance), resolve=_provenance, description="The statements behind the link."
        )
        return GraphQLObjectType(
            f"{name}Edge",
            fields,
            description=f"A link {link.label!r}, with the vertex at its other end.",
            extensions={PLAIN_FIELDS: plain},
        )

    def _properties_type(self, label: str, types: Mapping[str, str]) -> GraphQLObjectType:
        names = allocate(types, field_name, "Value", lambda name: True)
        plain = {name: _reader(property_, CONVERTERS[types[property_]]) for property_, name in sorted(names.items())}
        return GraphQLObjectType(
            self._unique(type_name(label), "Properties") + "Properties",
            {
                name: GraphQLField(
                    SCALARS[types[property_]],
                    resolve=_plain(plain[name]),
                    description=f"The property {property_!r}.",
                )
                for property_, name in sorted(names.items())
            },
            description=f"What links {label!r} say, the first value of each property.",
            extensions={PLAIN_FIELDS: plain},
        )


def _list_of(type_: GraphQLObjectType) -> GraphQLNonNull[Any]:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(type_)))


def _plain(read: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda source, _: read(source)


def _reader(name: str, convert: Callable[[Any], Any]) -> Callable[[Edge], Any]:
    def read(edge: Edge) -> Any:
        values = edge.properties.get(name)
        return convert(values[0]) if values else None

    return read


def _nodes(source: LinkPage, info: Info) -> list[Vertex]:
    return source.vertices(info, info.field_nodes)


def _entries(source: LinkPage, info: Info) -> list[_Entry]:
    below: list[FieldNode] = [node for node in selected(info, info.field_nodes) if node.name.value == "node"]
    source.vertices(info, below)
    return [_Entry(cursor, link, source) for cursor, link in zip(source.page.cursors, source.page.items, strict=True)]


def _page_info(source: LinkPage, _: Info) -> PageInfoType:
    cursors = source.page.cursors
    return PageInfoType(
        has_next_page=source.page.more,
        has_previous_page=source.wanted.after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _provenance(source: _Entry, info: Info) -> "Future[list[dict[str, Any]]]":
    async def read() -> list[dict[str, Any]]:
        edge, vertex = source.link.edge, source.link.vertex
        origins = await info.context.edge_origins.load(edge.id)
        return list(of_edge(source.page.name, edge.label, vertex.id, origins))

    return ensure_future(read())
