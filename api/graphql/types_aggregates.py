"""Counts and measures of the generic part."""

from collections.abc import Iterable

import strawberry
from strawberry.scalars import JSON

from api.graphql.values import json_value
from bifrost import graph, values

__all__ = ["AggregateGroupType", "PropertyAggregateType"]


@strawberry.type(name="PropertyAggregate", description="What the values of one property amount to.")
class PropertyAggregateType:
    property: str
    count: int = strawberry.field(description="Number of values.")
    count_distinct: int | None
    sum: float | None
    avg: float | None
    min: JSON | None
    max: JSON | None


@strawberry.type(name="AggregateGroup", description="Vertices, and what their values amount to.")
class AggregateGroupType:
    key: JSON = strawberry.field(description="The values that the group shares, by property.")
    count: int
    properties: list[PropertyAggregateType]

    @classmethod
    def of(cls, group: graph.Aggregate, by: Iterable[str]) -> "AggregateGroupType":
        def shown(value: values.Value | None) -> JSON | None:
            return None if value is None else JSON(json_value(value))

        return cls(
            key=JSON(dict(zip(by, map(shown, group.key), strict=True))),
            count=group.count,
            properties=[
                PropertyAggregateType(
                    property=name,
                    count=one.count,
                    count_distinct=one.distinct,
                    sum=one.sum,
                    avg=None if one.sum is None or not one.count else one.sum / one.count,
                    min=shown(one.minimum),
                    max=shown(one.maximum),
                )
                for name, one in group.properties.items()
            ],
        )
