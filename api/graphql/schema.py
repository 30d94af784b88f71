"""The generic schema."""

from functools import cache

import strawberry
from graphql import GraphQLSchema

from api.graphql.mutation import Mutation
from api.graphql.query import Query
from api.graphql.subscription import Subscription

__all__ = ["generic_schema"]


@cache
def generic_schema() -> GraphQLSchema:
    """The schema that every Bifrost has, whatever is in its graph. Shared: must not be changed."""
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)._schema
