"""The generic schema."""

import strawberry
from graphql import GraphQLSchema

from api.graphql.mutation import Mutation
from api.graphql.query import Query
from api.graphql.subscription import Subscription

__all__ = ["generic_schema"]


def generic_schema() -> GraphQLSchema:
    """A fresh copy of the schema that every Bifrost has, whatever is in its graph."""
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)._schema
