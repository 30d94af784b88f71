"""The object types of the typed part: vertices with their properties and links, and pages of them."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
)

from api.graphql.connection import page_info
from api.graphql.executor import PLAIN_FIELDS
from api.graphql.limits import USUAL_LENGTH
from api.graphql.shape import GraphShape
from api.graphql.typed_aggregates import AggregateTypes
from api.graphql.typed_connections import ConnectionTypes
from api.graphql.typed_filters import FilterTypes
from api.graphql.typed_provenance import provenance
from api.graphql.typed_read import LinkField, TypedVertex, VertexPageOf, selected
from api.graphql.typed_values import CONVERTERS, SCALARS
from api.graphql.types_graph import VertexType
from api.graphql.types_origins import EvidenceType
from bifrost.graph import Direction, Vertex

__all__ = ["ObjectTypes"]

_SELECTION = {
    "descending": GraphQLArgument(GraphQLBoolean, default_value=False),
    "first": GraphQLArgument(GraphQLInt, default_value=50),
}


class ObjectTypes:
    """``names`` are those of the types by label, ``taken`` those that no other type may have."""

    def __init__(
        self, generic: GraphQLSchema, names: Mapping[str, str], shape: GraphShape, taken: Iterable[str]
    ) -> None:
        self._generic_schema, self._names, self._shape = generic, names, shape
        self._filters, self._aggregates = FilterTypes(names), AggregateTypes(names)
        self._orders: dict[str, GraphQLEnumType] = {}
        self._provenance = self._provenance_type()
        self._connections = ConnectionTypes(generic, names, shape, taken, self._provenance)

    def vertex(self, vertex: TypedVertex) -> GraphQLObjectType:
        plain: dict[str, Any] = {"id": attrgetter("id"), "label": attrgetter("label")}
        for name, property_ in vertex.names.items():
            plain[name] = _reader(property_, CONVERTERS[vertex.types[property_]])
        return GraphQLObjectType(
            self._names[vertex.label],
            lambda: self._fields(vertex, plain),
            description=self._shape.type_comments.get(vertex.label) or f"Vertices of the type {vertex.label!r}.",
            extensions={PLAIN_FIELDS: plain},
        )

    def _fields(self, vertex: TypedVertex, plain: Mapping[str, Any]) -> dict[str, GraphQLField]:
        fields = {
            "id": GraphQLField(GraphQLNonNull(GraphQLID), resolve=_resolver(plain["id"])),
            "label": GraphQLField(GraphQLNonNull(GraphQLString), resolve=_resolver(plain["label"])),
        }
        for name, property_ in vertex.names.items():
            fields[name] = GraphQLField(
                SCALARS[vertex.types[property_]],
                resolve=_resolver(plain[name]),
                description=self._shape.comments.get((vertex.label, property_)) or f"The property {property_!r}.",
            )
        for name, link in vertex.links.items():
            fields[name] = self._link(vertex, name, link)
        for name, link in vertex.connections.items():
            fields[name] = GraphQLField(
                GraphQLNonNull(self._connections.of(link)),
                args={**self.selection(link.other), "after": GraphQLArgument(GraphQLString)},
                resolve=_connection_resolver(vertex, name),
                description=f"{self._about(vertex, link)}, a page at a time.",
                extensions={USUAL_LENGTH: link.usual},
            )
        for name, link in vertex.aggregates.items():
            fields[name] = GraphQLField(
                GraphQLNonNull(self._aggregates.aggregate(link.other)),
                args=self.filter(link.other),
                resolve=_aggregate_resolver(vertex, name),
                description=f"What {_arrow(vertex.label, link)} amounts to.",
            )
        fields["_vertex"] = GraphQLField(
            GraphQLNonNull(self._generic("Vertex")),
            resolve=lambda source, _: VertexType.of(source),
            description="The same vertex in the generic part of the schema: all values, edges, origins.",
        )
        fields["_provenance"] = GraphQLField(
            _list_of(self._provenance),
            args={
                "field": GraphQLArgument(GraphQLString, description="Only that of one field."),
                "fields": GraphQLArgument(
                    GraphQLList(GraphQLNonNull(GraphQLString)), description="Only that of some fields, links included."
                ),
            },
            resolve=lambda source, info, field=None, fields=None: provenance(vertex, source, info, field, fields),
            description="Where the values of properties come from, and the edges behind the named links.",
        )
        return fields

    def _link(self, vertex: TypedVertex, name: str, link: LinkField) -> GraphQLField:
        assert link.other.type is not None
        return GraphQLField(
            _list_of(link.other.type),
            args={**self.selection(link.other)},
            resolve=_link_resolver(vertex, name),
            description=self._about(vertex, link),
            extensions={USUAL_LENGTH: link.usual},
        )

    def _about(self, vertex: TypedVertex, link: LinkField) -> str:
        """What the source says about a link, and its ends."""
        tail = vertex.label if link.direction is Direction.OUT else link.other.label
        comment, arrow = self._shape.link_comments.get((tail, link.label)), _arrow(vertex.label, link)
        return f"{comment} ({arrow})" if comment else arrow

    # ---- arguments

    def filter(self, vertex: TypedVertex) -> dict[str, GraphQLArgument]:
        return {"filter": GraphQLArgument(self._filters.of(vertex))}

    def order(self, vertex: TypedVertex) -> GraphQLEnumType | None:
        """The properties of a vertex type as an enum; None where it has none."""
        if vertex.names and vertex.label not in self._orders:
            self._orders[vertex.label] = GraphQLEnumType(
                f"{self._names[vertex.label]}OrderBy",
                {field: GraphQLEnumValue(property_) for field, property_ in vertex.names.items()},
            )
        return self._orders.get(vertex.label)

    def selection(self, vertex: TypedVertex) -> dict[str, GraphQLArgument]:
        order = self.order(vertex)
        ordered = {} if order is None else {"orderBy": GraphQLArgument(order)}
        return {**self.filter(vertex), **ordered, **_SELECTION}

    # ---- what root fields give

    def connection(self, vertex: TypedVertex) -> GraphQLObjectType:
        assert vertex.type is not None
        name = self._names[vertex.label]
        text, yes = GraphQLNonNull(GraphQLString), GraphQLNonNull(GraphQLBoolean)
        edge = GraphQLObjectType(
            f"{name}Edge",
            {
                "cursor": GraphQLField(text, resolve=lambda source, _: source[0]),
                "node": GraphQLField(GraphQLNonNull(vertex.type), resolve=lambda source, _: source[1]),
            },
        )
        return GraphQLObjectType(
            f"{name}Connection",
            {
                "nodes": GraphQLField(_list_of(vertex.type), resolve=_nodes),
                "edges": GraphQLField(_list_of(edge), resolve=_edges),
                "pageInfo": GraphQLField(GraphQLNonNull(self._generic("PageInfo")), resolve=_page_info),
                "endCursor": GraphQLField(GraphQLString, resolve=lambda source, _: source.page.end),
                "hasNextPage": GraphQLField(yes, resolve=lambda source, _: source.page.more),
                "totalCount": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=lambda source, _: source.pager.count()),
            },
        )

    def aggregate_field(self, vertex: TypedVertex) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(self._aggregates.aggregate(vertex)),
            args=self.filter(vertex),
            resolve=vertex.resolve_aggregate_of_all,
            description=f"How many vertices of the type {vertex.label!r} there are, and what their values amount to.",
        )

    def groups_field(self, vertex: TypedVertex) -> GraphQLField | None:
        """None for a type without properties to group by."""
        order = self.order(vertex)
        if order is None:
            return None
        by = GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLNonNull(order))))
        first = GraphQLArgument(GraphQLInt, default_value=100)
        return GraphQLField(
            _list_of(self._aggregates.group(vertex)),
            args={"by": by, **self.filter(vertex), "first": first},
            resolve=vertex.resolve_groups,
            description=f"Vertices of the type {vertex.label!r} grouped by values, the largest group first.",
        )

    # ---- what is the same for all

    def _generic(self, name: str) -> GraphQLObjectType:
        found = self._generic_schema.type_map[name]
        assert isinstance(found, GraphQLObjectType)
        return found

    def _provenance_type(self) -> GraphQLObjectType:
        def plain(type_: GraphQLOutputType, name: str) -> GraphQLField:
            return GraphQLField(type_, resolve=lambda source, _: source[name])

        text = GraphQLNonNull(GraphQLString)
        json, moment = self._generic_schema.type_map["JSON"], self._generic_schema.type_map["DateTime"]
        fields: dict[str, GraphQLField] = {
            name: plain(text, name) for name in ("field", "property", "source", "dataset", "record")
        }
        fields["values"] = plain(GraphQLNonNull(json), "values")  # type: ignore[arg-type]
        fields["seen"] = plain(moment, "seen")  # type: ignore[arg-type]
        fields["score"] = plain(GraphQLNonNull(GraphQLFloat), "score")
        fields["evidence"] = GraphQLField(
            GraphQLNonNull(self._generic("Evidence")), resolve=lambda source, _: EvidenceType.of(source["evidence"])
        )
        return GraphQLObjectType(
            "PropertyProvenance",
            fields,
            description="The values that one record gives a property, or the statement behind one edge of a link.",
        )


def _arrow(label: str, link: LinkField) -> str:
    tail, head = (label, link.other.label) if link.direction is Direction.OUT else (link.other.label, label)
    return f"{tail} -{link.label}-> {head}"


def _list_of(type_: GraphQLObjectType) -> GraphQLNonNull[Any]:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(type_)))


def _reader(name: str, convert: Callable[[Any], Any]) -> Callable[[Vertex], Any]:
    def read(vertex: Vertex) -> Any:
        values = vertex.properties.get(name)
        return convert(values[0]) if values else None

    return read


def _resolver(read: Callable[[Vertex], Any]) -> Callable[..., Any]:
    return lambda vertex, _: read(vertex)


def _link_resolver(vertex: TypedVertex, name: str) -> Any:
    return lambda source, info, **arguments: vertex.resolve_link(name, source, info, arguments)


def _connection_resolver(vertex: TypedVertex, name: str) -> Any:
    return lambda source, info, **arguments: vertex.resolve_connection(name, source, info, arguments)


def _aggregate_resolver(vertex: TypedVertex, name: str) -> Any:
    return lambda source, info, **arguments: vertex.resolve_aggregate(name, source, info, arguments)


def _nodes(source: VertexPageOf, info: Any) -> tuple[Vertex, ...]:
    return source.nodes(info, info.field_nodes)


def _edges(source: VertexPageOf, info: Any) -> list[tuple[str, Vertex]]:
    below = [node for node in selected(info, info.field_nodes) if node.name.value == "node"]
    return [(source.page.cursor(index), vertex) for index, vertex in enumerate(source.nodes(info, below))]


def _page_info(source: VertexPageOf, _: Any) -> Any:
    return page_info(source.page)
