"""Makes GraphQL types out of a graph's shape and puts them beside the generic ones."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from api.graphql.names import allocate, field_name, plural_name, singular_name, type_name
from api.graphql.shape import GraphShape
from api.graphql.typed_objects import ObjectTypes
from api.graphql.typed_read import LinkField, TypedVertex
from api.graphql.typed_values import FILTERS, SCALARS
from bifrost.graph import Direction

__all__ = ["LIVE", "TypedPart", "typed_part"]

LIVE = "live"
"""The field of subscriptions that has all fields of queries."""

_DERIVED = (
    "", "Connection", "Edge", "Filter", "LinkFilter", "OrderBy", "Aggregate", "Group", "Counts", "Numbers", "Values",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypedPart:
    """``lists`` and ``singles`` map root fields to vertex labels; ``fields`` are all root fields of the typed part."""

    schema: GraphQLSchema
    fields: frozenset[str]
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
    types = _type_names(shape.properties, taken_types)
    lists = allocate(shape.properties, plural_name, "Vertices", lambda name: name not in query.fields)
    taken_fields = set(query.fields) | set(lists.values())
    singles = allocate(shape.properties, singular_name, "ById", lambda name: name not in taken_fields)
    taken_fields |= set(singles.values())
    claimed = taken_types | {name + derived for name in types.values() for derived in _DERIVED}
    builder = _Builder(generic, shape, types, claimed)
    typed: dict[str, GraphQLField] = {}
    for label in shape.properties:
        typed[lists[label]] = builder.list_field(label)
        typed[singles[label]] = builder.single_field(label)

    def add(suffix: str, make: Callable[[str], GraphQLField | None]) -> None:
        free = lambda name: name not in taken_fields and name not in typed  # noqa: E731
        names = allocate(shape.properties, lambda label: lists[label] + suffix, "Of", free)
        typed.update({name: field for label, name in names.items() if (field := make(label)) is not None})

    add("Aggregate", builder.aggregate_field)
    add("Groups", builder.groups_field)
    return TypedPart(
        _schema(generic, GraphQLObjectType("Query", {**query.fields, **typed})),
        frozenset(typed),
        {name: label for label, name in lists.items()},
        {name: label for label, name in singles.items()},
        types,
    )


def _schema(generic: GraphQLSchema, query: GraphQLObjectType) -> GraphQLSchema:
    """The generic schema with another query root, which subscriptions can follow."""
    assert generic.subscription_type is not None
    live = GraphQLField(
        GraphQLNonNull(query), description="A query's answer, now and whenever a change of the graph changes it."
    )
    schema = GraphQLSchema(
        query=query,
        mutation=generic.mutation_type,
        subscription=GraphQLObjectType("Subscription", {**generic.subscription_type.fields, LIVE: live}),
        types=[
            type_ for type_ in generic.type_map.values() if type_ not in (generic.query_type, generic.subscription_type)
        ],
        directives=generic.directives,
        extensions=generic.extensions,
    )
    # Strawberry's resolvers find their schema by this attribute.
    schema._strawberry_schema = generic._strawberry_schema  # type: ignore[attr-defined]
    return schema


def _type_names(labels: Iterable[str], taken: set[str]) -> dict[str, str]:
    """Names by label; no type that is derived from one has the name of another."""
    wanted = allocate(
        labels, type_name, "Vertex", lambda name: not any(name + derived in taken for derived in _DERIVED)
    )
    bases, claimed = set(wanted.values()), set(taken)
    names: dict[str, str] = {}
    for label, base in wanted.items():
        name, number = base, 2
        while any(name + derived in claimed for derived in _DERIVED) or (name != base and name in bases):
            name = f"{base}_{number}"
            number += 1
        claimed |= {name + derived for derived in _DERIVED}
        names[label] = name
    return names


class _Builder:
    def __init__(
        self, generic: GraphQLSchema, shape: GraphShape, types: Mapping[str, str], claimed: Iterable[str]
    ) -> None:
        self.generic, self.shape, self.types = generic, shape, types
        self.vertices = {label: self._vertex(label) for label in shape.properties}
        self.objects = ObjectTypes(generic, types, shape, claimed)
        for label, vertex in self.vertices.items():
            self._add_links(label, vertex)
            vertex.type = self.objects.vertex(vertex)

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
        taken |= vertex.links.keys()
        counted = allocate(vertex.links, lambda name: f"{name}Aggregate", "Of", lambda name: name not in taken)
        vertex.aggregates = {counted[name]: link for name, link in vertex.links.items()}
        taken |= vertex.aggregates.keys()
        paged = allocate(vertex.links, lambda name: f"{name}Connection", "Of", lambda name: name not in taken)
        vertex.connections = {paged[name]: link for name, link in vertex.links.items()}

    # ---- root fields

    def list_field(self, label: str) -> GraphQLField:
        vertex = self.vertices[label]
        return GraphQLField(
            GraphQLNonNull(self.objects.connection(vertex)),
            args={**self.objects.selection(vertex), "after": GraphQLArgument(GraphQLString)},
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

    def aggregate_field(self, label: str) -> GraphQLField | None:
        return self.objects.aggregate_field(self.vertices[label])

    def groups_field(self, label: str) -> GraphQLField | None:
        return self.objects.groups_field(self.vertices[label])


def _unique(name: str, taken: Container[str]) -> str:
    number, base = 2, name
    while name in taken:
        name = f"{base}_{number}"
        number += 1
    return name
