"""Counts and measures of the typed part: ``ordersAggregate``, ``ordersGroups``, and aggregates of what a link leads to."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)

from api.graphql.typed_read import TypedVertex
from api.graphql.typed_values import CONVERTERS, SCALARS
from bifrost.graph import Aggregate, Measured

__all__ = ["AggregateTypes"]

_NUMBERS = ("integer", "number")
_MEASURES: Mapping[str, Callable[[Measured], Any]] = {
    "sum": lambda one: one.sum,
    "avg": lambda one: None if one.sum is None or not one.count else one.sum / one.count,
    "min": lambda one: one.minimum,
    "max": lambda one: one.maximum,
    "countDistinct": lambda one: one.distinct,
}
_ABOUT = {
    "sum": "Over all values.",
    "avg": "Over all values.",
    "min": "Of all values.",
    "max": "Of all values.",
    "countDistinct": "How many different values there are.",
}


class AggregateTypes:
    """Makes ``OrderAggregate``, ``OrderGroup`` and the types of their fields."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._made: dict[str, GraphQLObjectType] = {}

    def aggregate(self, vertex: TypedVertex) -> GraphQLObjectType:
        return self._type(vertex, "Aggregate", lambda: self._fields(vertex), "What vertices of a type amount to.")

    def group(self, vertex: TypedVertex) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            key = GraphQLField(
                GraphQLNonNull(self._values(vertex)),
                resolve=lambda source, _: source[1],
                description="What they share.",
            )
            return {"key": key, **_of_first(self._fields(vertex))}

        return self._type(vertex, "Group", fields, "Vertices that share values, and what they amount to.")

    def _fields(self, vertex: TypedVertex) -> dict[str, GraphQLField]:
        fields = {"count": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=lambda source, _: source.count)}
        numbers = any(type_ in _NUMBERS for type_ in vertex.types.values())
        types = {
            "countDistinct": self._leaves(vertex, "Counts", GraphQLInt) if vertex.names else None,
            "sum": self._leaves(vertex, "Numbers", GraphQLFloat) if numbers else None,
            "avg": self._leaves(vertex, "Numbers", GraphQLFloat) if numbers else None,
            "min": self._values(vertex) if vertex.names else None,
            "max": self._values(vertex) if vertex.names else None,
        }
        for name, type_ in types.items():
            if type_ is not None:
                fields[name] = GraphQLField(
                    GraphQLNonNull(type_), resolve=_measure(_MEASURES[name]), description=_ABOUT[name]
                )
        return fields

    def _leaves(self, vertex: TypedVertex, suffix: str, scalar: GraphQLScalarType) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            return {
                field: GraphQLField(scalar, resolve=_leaf(property_, lambda value: value))
                for field, property_ in vertex.names.items()
                if suffix != "Numbers" or vertex.types[property_] in _NUMBERS
            }

        return self._type(vertex, suffix, fields, "A number per property.")

    def _values(self, vertex: TypedVertex) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            return {
                field: GraphQLField(
                    SCALARS[vertex.types[property_]], resolve=_leaf(property_, CONVERTERS[vertex.types[property_]])
                )
                for field, property_ in vertex.names.items()
            }

        return self._type(vertex, "Values", fields, "A value per property.")

    def _type(self, vertex: TypedVertex, suffix: str, fields: Any, description: str) -> GraphQLObjectType:
        name = f"{self._names[vertex.label]}{suffix}"
        if name not in self._made:
            self._made[name] = GraphQLObjectType(name, fields, description=description)
        return self._made[name]


def _measure(read: Callable[[Measured], Any]) -> Any:
    def resolve(source: Aggregate, _: Any) -> dict[str, Any]:
        return {name: read(one) for name, one in source.properties.items()}

    return resolve


def _leaf(property_: str, convert: Callable[[Any], Any]) -> Any:
    def resolve(source: Mapping[str, Any], _: Any) -> Any:
        value = source.get(property_)
        return None if value is None else convert(value)

    return resolve


def _of_first(fields: dict[str, GraphQLField]) -> dict[str, GraphQLField]:
    """The fields of an aggregate for a source that is (aggregate, key)."""

    def moved(resolve: Any) -> Any:
        return lambda source, info: resolve(source[0], info)

    return {
        name: GraphQLField(field.type, resolve=moved(field.resolve), description=field.description)
        for name, field in fields.items()
    }
