"""The generic schema."""

from asyncio import ensure_future
from collections.abc import Callable
from functools import cache
from inspect import iscoroutinefunction
from typing import Any

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from api.graphql.mutation import Mutation
from api.graphql.query import Query
from api.graphql.subscription import Subscription

__all__ = ["generic_schema"]


@cache
def generic_schema() -> GraphQLSchema:
    """The schema that every Bifrost has, whatever is in its graph. Shared: must not be changed."""
    schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)._schema
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_ is not schema.subscription_type:
            for field in type_.fields.values():
                if field.resolve is not None and iscoroutinefunction(field.resolve):
                    field.resolve = _as_task(field.resolve)
    return schema


def _as_task(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine that an error elsewhere makes superfluous is never awaited, of which Python warns; a task may end alone."""

    def resolver(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return ensure_future(resolve(source, info, **arguments))

    return resolver
