"""The filters of the typed part: on properties, on linked vertices (``some``, ``none``), and groups of filters."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLList, GraphQLNonNull

from api.graphql.typed_values import FILTERS, property_filters
from bifrost.errors import InputError
from bifrost.graph import Filter, FilterGroup, LinkFilter

if TYPE_CHECKING:
    from api.graphql.typed_read import LinkField, TypedVertex

__all__ = ["FilterTypes", "filters_of"]

_GROUPS = {"_and": "all", "_or": "any"}
_DEPTH = 10


class FilterTypes:
    """Makes ``OrderFilter`` and ``OrderLinkFilter`` of a vertex type."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._filters: dict[str, GraphQLInputObjectType] = {}
        self._links: dict[str, GraphQLInputObjectType] = {}

    def of(self, vertex: "TypedVertex") -> GraphQLInputObjectType:
        if vertex.label not in self._filters:
            self._filters[vertex.label] = GraphQLInputObjectType(
                f"{self._names[vertex.label]}Filter",
                lambda: self._fields(vertex),
                description="All given conditions must hold.",
            )
        return self._filters[vertex.label]

    def _fields(self, vertex: "TypedVertex") -> dict[str, GraphQLInputField]:
        own = self.of(vertex)
        fields = {
            field: GraphQLInputField(FILTERS[vertex.types[property_]], out_name=field)
            for field, property_ in vertex.names.items()
        }
        for name, link in vertex.links.items():
            fields[name] = GraphQLInputField(
                self._link(link.other), out_name=name, description="What this link leads to."
            )
        several = GraphQLList(GraphQLNonNull(own))
        fields["_and"] = GraphQLInputField(several, description="All of them must hold.")
        fields["_or"] = GraphQLInputField(several, description="At least one of them must hold.")
        fields["_not"] = GraphQLInputField(own, description="This must not hold.")
        return fields

    def _link(self, other: "TypedVertex") -> GraphQLInputObjectType:
        if other.label not in self._links:
            self._links[other.label] = GraphQLInputObjectType(
                f"{self._names[other.label]}LinkFilter",
                lambda: {
                    "some": GraphQLInputField(
                        self.of(other), description="There is one that passes; an empty filter asks for any."
                    ),
                    "none": GraphQLInputField(self.of(other), description="There is none that passes."),
                },
                description="All given conditions must hold.",
            )
        return self._links[other.label]


def filters_of(vertex: "TypedVertex", given: Mapping[str, Any] | None, depth: int = 0) -> tuple[Filter, ...]:
    """A filter argument as filters of the view. Raises InputError."""
    if depth > _DEPTH:
        raise InputError(f"Filters are nested deeper than {_DEPTH} levels.")
    return tuple(_filters(vertex, given or {}, depth))


def _filters(vertex: "TypedVertex", given: Mapping[str, Any], depth: int) -> Iterator[Filter]:
    for name, condition in given.items():
        if name in vertex.names:
            yield from property_filters({name: condition}, vertex.names, vertex.types)
        elif name in vertex.links:
            yield from _linked(vertex.links[name], condition or {}, depth)
        elif name == "_not":
            yield FilterGroup("none", (FilterGroup("all", filters_of(vertex, condition, depth + 1)),))
        elif condition is not None:
            inner = (FilterGroup("all", filters_of(vertex, one, depth + 1)) for one in condition)
            yield FilterGroup(_GROUPS[name], tuple(inner))


def _linked(link: "LinkField", condition: Mapping[str, Any], depth: int) -> Iterator[Filter]:
    for how, inner in condition.items():
        if inner is not None:
            below = filters_of(link.other, inner, depth + 1)
            yield LinkFilter(link.direction, link.label, link.other.label, below, none=how == "none")
