"""Makes GraphQL types out of a graph's shape and puts them beside the generic ones."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
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
from api.graphql.names import allocate, field_name, plural_name, singular_name, type_name
from api.graphql.shape import GraphShape
from api.graphql.typed_read import LinkField, TypedVertex, VertexPageOf, provenance, selected
from api.graphql.typed_values import CONVERTERS, FILTERS, SCALARS
from api.graphql.types_graph import EvidenceType, VertexType
from bifrost.graph import Direction, Vertex

__all__ = ["TypedPart", "typed_part"]

_DERIVED = ("", "Connection", "Edge", "Filter", "OrderBy")


@dataclass(frozen=True, slots=True)
class TypedPart:
    """``lists`` and ``singles`` map root fields to vertex labels."""

    schema: GraphQLSchema
    lists: Mapping[str, str]
    singles: Mapping[str, str]
    types: Mapping[str, str]
    """Vertex label -> name of its type."""


def typed_part(generic: GraphQLSchema, shape: GraphShape) -> TypedPart:
    """The generic schema with typed root fields for every vertex type of the shape."""
    query = generic.query_type
    assert query is not None
    taken_types = (
        set(generic.type_map) | {scalar.name for scalar in SCALARS.values()} | {f.name for f in FILTERS.values()}
    )
    taken_types |= {"PropertyProvenance"}
    types = allocate(
        shape.properties,
        type_name,
        "Vertex",
        lambda name: not any(name + derived in taken_types for derived in _DERIVED),
    )
    lists = allocate(shape.properties, plural_name, "Vertices", lambda name: name not in query.fields)
    taken_fields = set(query.fields) | set(lists.values())
    singles = allocate(shape.properties, singular_name, "ById", lambda name: name not in taken_fields)
    builder = _Builder(generic, shape, types)
    fields: dict[str, GraphQLField] = dict(query.fields)
    for label in shape.properties:
        fields[lists[label]] = builder.list_field(label)
        fields[singles[label]] = builder.single_field(label)
    schema = GraphQLSchema(
        query=GraphQLObjectType("Query", fields),
        mutation=generic.mutation_type,
        subscription=generic.subscription_type,
        types=[type_ for type_ in generic.type_map.values() if type_ is not query],
        directives=generic.directives,
        extensions=generic.extensions,
    )
    # Strawberry's resolvers find their schema by this attribute.
    schema._strawberry_schema = generic._strawberry_schema  # type: ignore[attr-defined]
    return TypedPart(
        schema,
        {name: label for label, name in lists.items()},
        {name: label for label, name in singles.items()},
        types,
    )


class _Builder:
    def __init__(self, generic: GraphQLSchema, shape: GraphShape, types: Mapping[str, str]) -> None:
        self.generic, self.shape, self.types = generic, shape, types
        self._provenance = self._provenance_type()
        self.vertices = {label: self._vertex(label) for label in shape.properties}
        for label, vertex in self.vertices.items():
            self._add_links(label, vertex)
            vertex.type = self._object(label, vertex)

    def _vertex(self, label: str) -> TypedVertex:
        types = self.shape.properties[label]
        reserved = {"id", "label"}
        names = allocate(types, field_name, "Value", lambda name: name not in reserved)
        return TypedVertex(label, {name: property_ for property_, name in sorted(names.items())}, types)

    def _add_links(self, label: str, vertex: TypedVertex) -> None:
        """Forwards by the edge's label, backwards by the plural of the other type, with more words where that is not
        unique: ``placedBy``, ``orders``; ``placedByCustomer``, ``ordersByPlacedBy``."""
        patterns = sorted(self.shape.patterns.items())
        out = [(edge, head, usual[0]) for (tail, edge, head), usual in patterns if tail == label]
        into = [(edge, tail, usual[1]) for (tail, edge, head), usual in patterns if head == label]
        heads, tails = Counter(edge for edge, _, _ in out), Counter(tail for _, tail, _ in into)
        sources = Counter(edge for edge, _, _ in into)
        wanted: dict[str, LinkField] = {}
        for edge, head, usual in out:
            name = field_name(edge) + (type_name(head) if heads[edge] > 1 else "")
            wanted[_unique(name, wanted)] = LinkField(Direction.OUT, edge, self.vertices[head], heads[edge] > 1, usual)
        for edge, tail, usual in into:
            longer = tails[tail] > 1 or tail == label
            name = plural_name(tail) + (f"By{type_name(edge)}" if longer else "")
            wanted[_unique(name, wanted)] = LinkField(Direction.IN, edge, self.vertices[tail], sources[edge] > 1, usual)
        taken = {"id", "label", *vertex.names}
        names = allocate(wanted, str, "Link", lambda name: name not in taken)
        vertex.links = {names[name]: link for name, link in wanted.items()}

    # ---- object types

    def _object(self, label: str, vertex: TypedVertex) -> GraphQLObjectType:
        plain: dict[str, Any] = {"id": attrgetter("id"), "label": attrgetter("label")}
        for name, property_ in vertex.names.items():
            plain[name] = _reader(property_, CONVERTERS[vertex.types[property_]])
        return GraphQLObjectType(
            self.types[label],
            lambda: self._fields(label, vertex, plain),
            description=f"Vertices of the type {label!r}.",
            extensions={PLAIN_FIELDS: plain},
        )

    def _fields(self, label: str, vertex: TypedVertex, plain: Mapping[str, Any]) -> dict[str, GraphQLField]:
        fields = {
            "id": GraphQLField(GraphQLNonNull(GraphQLID), resolve=_resolver(plain["id"])),
            "label": GraphQLField(GraphQLNonNull(GraphQLString), resolve=_resolver(plain["label"])),
        }
        for name, property_ in vertex.names.items():
            fields[name] = GraphQLField(
                SCALARS[vertex.types[property_]],
                resolve=_resolver(plain[name]),
                description=self.shape.comments.get((label, property_)) or f"The property {property_!r}.",
            )
        for name, link in vertex.links.items():
            assert link.other.type is not None
            arrow = f"{label} -{link.label}-> {link.other.label}"
            if link.direction is Direction.IN:
                arrow = f"{link.other.label} -{link.label}-> {label}"
            fields[name] = GraphQLField(
                _list_of(link.other.type),
                args={"first": GraphQLArgument(GraphQLInt, default_value=50)},
                resolve=_link_resolver(vertex, name),
                description=arrow,
                extensions={USUAL_LENGTH: link.usual},
            )
        fields["_vertex"] = GraphQLField(
            GraphQLNonNull(self._generic("Vertex")),
            resolve=lambda source, _: VertexType.of(source),
            description="The same vertex in the generic part of the schema: all values, edges, origins.",
        )
        fields["_provenance"] = GraphQLField(
            _list_of(self._provenance),
            args={"field": GraphQLArgument(GraphQLString, description="Only that of one field.")},
            resolve=lambda source, info, field=None: provenance(
                info.context.view.vertex_origins(source.id), vertex.names, field
            ),
            description="Where each value comes from.",
        )
        return fields

    def _generic(self, name: str) -> GraphQLObjectType:
        found = self.generic.type_map[name]
        assert isinstance(found, GraphQLObjectType)
        return found

    def _provenance_type(self) -> GraphQLObjectType:
        def plain(type_: GraphQLOutputType, name: str) -> GraphQLField:
            return GraphQLField(type_, resolve=lambda source, _: source[name])

        text = GraphQLNonNull(GraphQLString)
        json, moment = self.generic.type_map["JSON"], self.generic.type_map["DateTime"]
        fields: dict[str, GraphQLField] = {
            name: plain(text, name) for name in ("field", "property", "source", "dataset", "record")
        }
        fields["values"] = plain(GraphQLNonNull(json), "values")  # type: ignore[arg-type]
        fields["seen"] = plain(moment, "seen")  # type: ignore[arg-type]
        fields["evidence"] = GraphQLField(
            GraphQLNonNull(self._generic("Evidence")), resolve=lambda source, _: EvidenceType.of(source["evidence"])
        )
        return GraphQLObjectType(
            "PropertyProvenance", fields, description="The values that one record gives a property."
        )

    # ---- root fields

    def list_field(self, label: str) -> GraphQLField:
        vertex, name = self.vertices[label], self.types[label]
        args = {
            "descending": GraphQLArgument(GraphQLBoolean, default_value=False),
            "first": GraphQLArgument(GraphQLInt, default_value=50),
            "after": GraphQLArgument(GraphQLString),
        }
        if vertex.names:
            filter_ = GraphQLInputObjectType(
                f"{name}Filter",
                {
                    field: GraphQLInputField(FILTERS[vertex.types[property_]], out_name=field)
                    for field, property_ in vertex.names.items()
                },
                description="All given conditions must hold.",
            )
            order = GraphQLEnumType(
                f"{name}OrderBy", {field: GraphQLEnumValue(property_) for field, property_ in vertex.names.items()}
            )
            args = {"filter": GraphQLArgument(filter_), "orderBy": GraphQLArgument(order), **args}
        return GraphQLField(
            GraphQLNonNull(self._connection(name, vertex)),
            args=args,
            resolve=vertex.resolve_page,
            description=f"Vertices of the type {label!r}, a page at a time.",
        )

    def single_field(self, label: str) -> GraphQLField:
        vertex = self.vertices[label]
        assert vertex.type is not None
        return GraphQLField(
            vertex.type,
            args={"id": GraphQLArgument(GraphQLNonNull(GraphQLID))},
            resolve=vertex.resolve_one,
            description=f"One vertex of the type {label!r}.",
        )

    def _connection(self, name: str, vertex: TypedVertex) -> GraphQLObjectType:
        assert vertex.type is not None
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
                "hasNextPage": GraphQLField(yes, resolve=lambda source, _: source.page.end is not None),
                "totalCount": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=lambda source, _: source.pager.count()),
            },
        )


def _list_of(type_: GraphQLObjectType) -> GraphQLNonNull[Any]:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(type_)))


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    number, base = 2, name
    while name in taken:
        name = f"{base}_{number}"
        number += 1
    return name


def _reader(name: str, convert: Callable[[Any], Any]) -> Callable[[Vertex], Any]:
    def read(vertex: Vertex) -> Any:
        values = vertex.properties.get(name)
        return convert(values[0]) if values else None

    return read


def _resolver(read: Callable[[Vertex], Any]) -> Callable[..., Any]:
    return lambda vertex, _: read(vertex)


def _link_resolver(vertex: TypedVertex, name: str) -> Any:
    def resolve(source: Vertex, info: Any, first: int | None = 50) -> list[Vertex]:
        return vertex.resolve_link(name, source, info, first)

    return resolve


def _nodes(source: VertexPageOf, info: Any) -> tuple[Vertex, ...]:
    return source.nodes(info, info.field_nodes)


def _edges(source: VertexPageOf, info: Any) -> list[tuple[str, Vertex]]:
    below = [node for node in selected(info, info.field_nodes) if node.name.value == "node"]
    return [(source.page.cursor(index), vertex) for index, vertex in enumerate(source.nodes(info, below))]


def _page_info(source: VertexPageOf, _: Any) -> Any:
    return page_info(source.page)
